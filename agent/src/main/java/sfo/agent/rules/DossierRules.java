package sfo.agent.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.control.Views.EvidenceView;

/** Whether an appliance is dead: the verdict on evidence, channel by channel. UNREACHABLE alone proves nothing. */
public final class DossierRules {
    private DossierRules() {}

    /** What one channel showed. */
    public enum Heard {
        /** something answered */
        ANSWER,
        NOTHING
    }

    /**
     * One probe of one channel.
     *
     * @param channel for people: {@code hello 10.77.0.11:7801}
     * @param device the NIC that it went through; empty if none leads there, or if it is no probe of a wire
     * @param carrier whether that NIC has carrier
     */
    public record Probe(String channel, Optional<String> device, boolean carrier, Heard heard, String detail) {}

    /**
     * One sign of life refuses. Silence counts only on a NIC that has carrier and on which a witness has just answered.
     *
     * @param others evidence that is no probe of a wire
     * @param witnesses probes of hosts that always answer, by which a NIC proves that it works
     */
    public static DossierView judge(
            String appliance, List<EvidenceView> others, List<Probe> probes, List<Probe> witnesses) {
        List<EvidenceView> evidence = new ArrayList<>(others);
        boolean alive = others.stream().anyMatch(e -> e.finding().equals("ALIVE"));
        boolean silent = false;
        for (Probe probe : probes) {
            if (probe.heard() == Heard.ANSWER) {
                alive = true;
                evidence.add(new EvidenceView(probe.channel(), "ALIVE", probe.detail()));
                continue;
            }
            Optional<String> flaw = flaw(probe, witnesses);
            silent |= flaw.isEmpty();
            evidence.add(new EvidenceView(
                    probe.channel(),
                    flaw.isEmpty() ? "SILENT" : "PROVES_NOTHING",
                    flaw.map(f -> probe.detail() + "; " + f).orElse(probe.detail())));
        }
        return new DossierView(appliance, alive ? "ALIVE" : silent ? "DEAD" : "UNKNOWN", evidence);
    }

    /** Why the silence of a channel proves nothing; empty if it does. */
    private static Optional<String> flaw(Probe probe, List<Probe> witnesses) {
        if (probe.device().isEmpty()) {
            return Optional.of("no NIC of this appliance leads there");
        }
        if (!probe.carrier()) {
            return Optional.of("NIC " + probe.device().get() + " has no carrier");
        }
        boolean proved = witnesses.stream()
                .anyMatch(w -> w.heard() == Heard.ANSWER && w.device().equals(probe.device()));
        return proved
                ? Optional.empty()
                : Optional.of(
                        "no witness answered through NIC " + probe.device().get() + " just now");
    }
}
