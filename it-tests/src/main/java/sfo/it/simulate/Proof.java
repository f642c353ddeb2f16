package sfo.it.simulate;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import sfo.agent.rules.DossierRules.Heard;
import sfo.agent.rules.DossierRules.Probe;
import sfo.agent.rules.LeaseRules;
import sfo.agent.rules.ReadinessRules;
import sfo.agent.rules.member.Act;
import sfo.agent.rules.member.Assessment;
import sfo.agent.rules.member.Input;
import sfo.agent.rules.member.Wish;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Reason;

/** Probes and looks, as an appliance's assessor does; and whether silence was worth what it was taken for. */
final class Proof {
    private static final long PROBE = 450;

    private final Node node;
    private final World world;
    private final Map<String, Boolean> answered = new HashMap<>();
    private final Map<String, Boolean> witnessed = new HashMap<>();

    /** It lives, and no channel leads there, though others do: nobody can tell that from its death. */
    private boolean apart;

    Proof(Node node) {
        this.node = node;
        this.world = node.world;
    }

    void prove(Node other, Consumer<DossierView> then) {
        for (long at = 0; at <= PROBE; at += 150) {
            node.later(at, () -> probe(other));
        }
        node.later(PROBE + 1, () -> then.accept(judged(other)));
    }

    private void probe(Node other) {
        for (int network = 0; network < Network.COUNT; network++) {
            String device = "eth" + network;
            // its kernel answers, also for an agent that is frozen
            boolean answers = other.power && world.network.bothWays(network, node.number, other.number);
            answered.merge(device, answers, Boolean::logicalOr);
            boolean witness = world.network.bothWays(network, node.number, Network.WITNESS);
            witnessed.merge(device, witness, Boolean::logicalOr);
        }
        boolean address = other.isOpen() && world.network.bothWays(Network.LAN, node.number, other.number);
        answered.merge("address", address, Boolean::logicalOr);
    }

    private DossierView judged(Node other) {
        List<Probe> probes = new ArrayList<>();
        List<Probe> witnesses = new ArrayList<>();
        answered.forEach((channel, yes) -> {
            Optional<String> device = Optional.of(channel.equals("address") ? "eth0" : channel);
            probes.add(new Probe(channel, device, true, yes ? Heard.ANSWER : Heard.NOTHING, ""));
        });
        witnessed.forEach((device, yes) ->
                witnesses.add(new Probe("witness", Optional.of(device), true, yes ? Heard.ANSWER : Heard.NOTHING, "")));
        DossierView dossier = world.core.judge(other.name, probes, witnesses);
        boolean silent = answered.values().stream().noneMatch(yes -> yes);
        boolean proved = witnessed.values().stream().anyMatch(yes -> yes);
        if (dossier.verdict().equals("DEAD") && silent && proved && other.power) {
            apart = true;
        }
        return dossier;
    }

    boolean isApart() {
        return apart;
    }

    void assess(Act.Assess a, Supplier<Map<String, Instant>> lastSigns) {
        Node from = world.node(a.from());
        Instant began = node.wall();
        Runnable validate = () -> node.take(new Input.Assessed(a.wish(), a.what(), Optional.empty(), "no such wish"));
        if (a.what() instanceof Wish.Failover f) {
            prove(from, dossier -> {
                boolean override = f.request().override().isPresent();
                // of three and more an override is a minority's claim, too: another one may be served by another
                boolean withoutVotes = override && world.nodes.size() > 2;
                if (withoutVotes || (from.power && ((apart && !LeaseRules.binds(a.known())) || override))) {
                    world.excuse(
                            override
                                    ? "override on " + node.name
                                    : node.name + " and " + from.name + " are cut apart on every channel");
                }
                List<Reason> reasons = new ArrayList<>(ReadinessRules.dossier(a.known(), dossier));
                reasons.addAll(readiness(a, lastSigns.get(), dossier, began));
                node.take(new Input.Assessed(
                        a.wish(),
                        a.what(),
                        Optional.of(new Assessment(a.known(), a.from(), reasons, Optional.of(dossier))),
                        ""));
            });
        } else {
            node.later(PROBE, validate);
        }
    }

    private List<Reason> readiness(Act.Assess a, Map<String, Instant> lastSigns, DossierView dossier, Instant began) {
        Map<String, MirrorState> mirrors =
                world.hasVolume() ? Map.of(World.VOLUME, node.side.state(World.GROUP, World.VOLUME)) : Map.of();
        Optional<Instant> death = a.death()
                .or(() -> Optional.of(began)
                        .filter(at ->
                                dossier.verdict().equals("DEAD") && !ReadinessRules.wasSetBack(at, mirrors.values())));
        return world.core.readiness(new ReadinessRules.Input(
                a.known(),
                node.name,
                a.from(),
                mirrors,
                a.said(),
                Optional.ofNullable(lastSigns.get(a.from())),
                death,
                Optional.empty(),
                List.of("eth0", "eth1"),
                List.of(),
                List.of()));
    }
}
