package sfo.agent.control;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sfo.protocol.control.Answer;
import sfo.protocol.control.Views;
import sfo.protocol.json.Json;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Names;

@Command(
        name = "backup",
        description = "Config backups: what an appliance has, versioned, checksummed, signed, kept by every peer.",
        subcommands = {
            BackupVerbs.Now.class,
            BackupVerbs.ListVerb.class,
            BackupVerbs.Show.class,
            BackupVerbs.Diff.class,
            BackupVerbs.Verify.class
        })
final class BackupVerbs extends Menu {
    @Command(
            name = "now",
            description =
                    "Make one of this appliance and send it to every peer; ends when each has it or can't be reached.",
            footer = {"", "Example: sfo backup now"})
    static final class Now extends LookVerbs.Look {
        @Override
        Answer run() {
            return session().await(operations().backupNow());
        }

        @Override
        boolean onlyBody() {
            return false;
        }
    }

    @Command(
            name = "list",
            description = "The backups that are kept here and by peers, with age and whether they are good.",
            footer = {"", "Example: sfo backup list"})
    static final class ListVerb extends LookVerbs.Look {
        @Option(names = "--of", paramLabel = "APPLIANCE", description = "Only those of this appliance.")
        String of = "";

        @Override
        Answer run() {
            Answer answer = session().await(operations().backups());
            return of.isEmpty() || !(answer.body().orElse(null) instanceof List<?> list)
                    ? answer
                    : answer.with(list.stream()
                            .filter(b -> ((Views.BackupView) b).appliance().equals(of))
                            .toList());
        }
    }

    /** A backup named by appliance and number. */
    abstract static class OfOne extends LookVerbs.Look {
        @Parameters(index = "0", paramLabel = "APPLIANCE", description = "Whose backup.")
        String appliance = "";

        final Answer fetch(String number) {
            Names.name("appliance", appliance);
            if (!number.matches("\\d{1,18}")) {
                throw new Invalid("backup", number, "a backup's number; see: sfo backup list");
            }
            return session().await(operations().backup(appliance, Long.parseLong(number)));
        }
    }

    @Command(
            name = "show",
            description = "What is in a backup, as JSON.",
            footer = {"", "Example: sfo backup show a 17"})
    static final class Show extends OfOne {
        @Parameters(index = "1", paramLabel = "NUMBER", description = "Which one; see: sfo backup list")
        String number = "";

        @Override
        Answer run() {
            return fetch(number);
        }

        @Override
        String render(Object body) {
            return Json.MAPPER.valueToTree(body).toPrettyString() + "\n";
        }
    }

    @Command(
            name = "diff",
            description = "What changed from one backup of an appliance to another.",
            footer = {"", "Example: sfo backup diff a 16 17"})
    static final class Diff extends OfOne {
        @Parameters(index = "1", paramLabel = "OLD", description = "A backup's number.")
        String older = "";

        @Parameters(index = "2", paramLabel = "NEW", description = "A backup's number.")
        String newer = "";

        @Override
        Answer run() {
            Answer one = fetch(older);
            Answer other = fetch(newer);
            if (one.body().isEmpty() || other.body().isEmpty()) {
                return one.body().isEmpty() ? one : other;
            }
            Map<String, String> changes = changes(
                    Json.MAPPER.valueToTree(one.body().get()),
                    Json.MAPPER.valueToTree(other.body().get()));
            return Answer.done(changes.isEmpty() ? "They are equal." : "", changes);
        }

        @Override
        String render(Object body) {
            StringBuilder text = new StringBuilder();
            ((Map<?, ?>) body)
                    .forEach((path, change) ->
                            text.append(path).append(": ").append(change).append('\n'));
            return text.toString();
        }
    }

    /** Per JSON pointer, {@code old -> new}; {@code (nothing)} for what is only on one side. */
    static Map<String, String> changes(JsonNode older, JsonNode newer) {
        Map<String, String> before = new LinkedHashMap<>();
        Map<String, String> after = new LinkedHashMap<>();
        leaves("", older, before);
        leaves("", newer, after);
        Map<String, String> changes = new TreeMap<>();
        before.forEach((path, value) -> {
            if (!Objects.equals(value, after.get(path))) {
                changes.put(path, value + " -> " + after.getOrDefault(path, "(nothing)"));
            }
        });
        after.forEach((path, value) -> {
            if (!before.containsKey(path)) {
                changes.put(path, "(nothing) -> " + value);
            }
        });
        return changes;
    }

    private static void leaves(String path, JsonNode node, Map<String, String> leaves) {
        if (node.isObject()) {
            node.properties().forEach(field -> leaves(path + "/" + field.getKey(), field.getValue(), leaves));
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                // by name where there is one, so that one more share is one change
                String name = node.get(i).path("name").asText(String.valueOf(i));
                leaves(path + "/" + name, node.get(i), leaves);
            }
        } else {
            leaves.put(path, node.toString());
        }
    }

    @Command(
            name = "verify",
            description = "Read every kept backup again, and check its checksum, signature and schema.",
            footer = {"", "Example: sfo backup verify"})
    static final class Verify extends LookVerbs.Look {
        @Override
        Answer run() {
            return session().await(operations().verifyBackups());
        }

        @Override
        boolean onlyBody() {
            return false;
        }
    }
}
