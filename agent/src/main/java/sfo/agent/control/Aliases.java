package sfo.agent.control;

import java.util.ArrayList;
import java.util.List;

/** The forms of NMC, rewritten to the same verbs by today's names. A pure function over words. */
final class Aliases {
    /** {@code NAME} stands for one word that is no option; what follows a pattern is kept. The first match counts. */
    private record Form(List<String> pattern, List<String> verb) {
        static Form of(String pattern, String verb) {
            return new Form(List.of(pattern.split(" ")), List.of(verb.split(" ")));
        }
    }

    private static final List<Form> FORMS = List.of(
            Form.of("create group simple-failover", "group create"),
            Form.of("setup group simple-failover NAME undo-failover", "undo NAME"),
            Form.of("setup group simple-failover NAME failover", "failover NAME"),
            Form.of("setup group simple-failover NAME destroy", "group destroy NAME"),
            Form.of("setup group simple-failover NAME property", "group set NAME"),
            Form.of("setup group simple-failover NAME show", "group show NAME"),
            Form.of("setup group simple-failover undo-failover", "undo"),
            Form.of("setup group simple-failover failover", "failover"),
            Form.of("setup group simple-failover destroy", "group destroy"),
            Form.of("setup group simple-failover property", "group set"),
            Form.of("show group simple-failover NAME", "group show NAME"),
            Form.of("show group simple-failover", "status"),
            Form.of("show group", "status"),
            Form.of("create auto-cdp", "cdp create"),
            Form.of("setup auto-cdp NAME enable", "cdp enable NAME"),
            Form.of("setup auto-cdp NAME disable", "cdp disable NAME"),
            Form.of("setup auto-cdp NAME destroy", "cdp destroy NAME"),
            Form.of("setup auto-cdp NAME property", "cdp show NAME"),
            Form.of("show auto-cdp", "cdp show"),
            Form.of("show plugin installed", "plugin list"),
            Form.of("show plugin", "plugin list"),
            Form.of("show appliance checkpoint", "checkpoint show"));

    private Aliases() {}

    /** The same words if they are no form of NMC. */
    static List<String> rewrite(List<String> words) {
        for (Form form : FORMS) {
            if (matches(form.pattern(), words)) {
                List<String> rewritten = new ArrayList<>();
                for (String word : form.verb()) {
                    rewritten.add(word.equals("NAME") ? words.get(form.pattern().indexOf("NAME")) : word);
                }
                rewritten.addAll(words.subList(form.pattern().size(), words.size()));
                return rewritten;
            }
        }
        return words;
    }

    private static boolean matches(List<String> pattern, List<String> words) {
        if (words.size() < pattern.size()) {
            return false;
        }
        for (int i = 0; i < pattern.size(); i++) {
            String word = words.get(i);
            if (pattern.get(i).equals("NAME")
                    ? word.startsWith("-")
                    : !pattern.get(i).equals(word)) {
                return false;
            }
        }
        return true;
    }
}
