package sfo.agent.group;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import sfo.agent.rules.DefinitionRules;
import sfo.agent.rules.DossierRules;
import sfo.agent.rules.DossierRules.Heard;
import sfo.agent.rules.DossierRules.Probe;
import sfo.agent.rules.ReadinessRules;
import sfo.agent.rules.member.Act;
import sfo.agent.rules.member.Assessment;
import sfo.config.load.Settings;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.LifeProbe;
import sfo.protocol.control.Views.DossierView;
import sfo.protocol.control.Views.EvidenceView;
import sfo.protocol.control.Views.NicView;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.MirrorState;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Reason;
import sfo.protocol.model.Volume;

/** Proves and validates, touching nothing: collects what the rules decide on, everything at once. */
final class Assessor {
    /** As long as the wire is asked: no second try of TCP would come before a whole second. */
    private static final Duration PROBE = Duration.ofMillis(300);

    private static final Duration LOOK = Duration.ofSeconds(5);

    private final Surroundings around;

    Assessor(Surroundings around) {
        this.around = around;
    }

    /**
     * Validates, and proves death if that is asked for.
     *
     * @param lastSign the last sign of life of the failed appliance
     */
    CompletionStage<Assessment> assess(Act.Assess ask, Supplier<Optional<Instant>> lastSign) {
        GroupDefinition known = ask.known();
        Instant began = Instant.now();
        CompletableFuture<Optional<DossierView>> dossier = ask.prove()
                ? prove(known, ask.from(), lastSign, began)
                        .thenApply(Optional::of)
                        .toCompletableFuture()
                : CompletableFuture.completedFuture(Optional.empty());
        CompletionStage<Void> asked = ask.prove() ? questionsAreOut() : CompletableFuture.completedFuture(null);
        CompletionStage<List<String>> lacking =
                asked.thenCompose(now -> around.runner().blocking(() -> lacks(known)));
        return around.backups()
                .newestGood(ask.from(), known.name())
                .thenCombine(asked, (newest, now) -> newest)
                .thenCompose(newest -> around.runner().blocking(() -> look(ask, newest)))
                .thenCombine(lacking, (seen, lacks) -> seen.lacking(lacks))
                .thenCombine(dossier, (seen, proof) -> {
                    List<Reason> reasons = new ArrayList<>();
                    proof.ifPresent(d -> reasons.addAll(ReadinessRules.dossier(known, d)));
                    Optional<Instant> death = ask.death()
                            .or(() -> proof.filter(d -> d.verdict().equals("DEAD"))
                                    .map(d -> began)
                                    .filter(at -> !ReadinessRules.wasSetBack(
                                            at, seen.mirrors().values())));
                    reasons.addAll(ReadinessRules.assess(new ReadinessRules.Input(
                            seen.group(),
                            around.self(),
                            ask.from(),
                            seen.mirrors(),
                            ask.said(),
                            lastSign.get(),
                            death,
                            seen.flaw(),
                            seen.devices(),
                            seen.lacks(),
                            seen.startedAtBoot())));
                    return new Assessment(seen.group(), ask.from(), reasons, proof);
                });
    }

    /** All else is looked at in the silence after the proof's questions, which is longer; before, it would only delay them. */
    private static CompletionStage<Void> questionsAreOut() {
        return CompletableFuture.runAsync(() -> {}, CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS));
    }

    /** What there is on this host, and in the backup. */
    private record Seen(
            GroupDefinition group,
            Optional<String> flaw,
            Map<String, MirrorState> mirrors,
            List<String> devices,
            List<String> startedAtBoot,
            List<String> lacks) {
        Seen lacking(List<String> what) {
            return new Seen(group, flaw, mirrors, devices, startedAtBoot, what);
        }
    }

    /** The definition that this appliance knows, or the backup's if that is newer. */
    private Seen look(Act.Assess ask, Surroundings.BackupSource.Newest newest) throws HostException {
        GroupDefinition known = ask.known();
        GroupDefinition group = newest.inventory().stream()
                .flatMap(i -> i.groups().stream())
                .filter(g -> g.name().equals(known.name()) && g.version() > known.version())
                .findFirst()
                .orElse(known);
        Map<String, MirrorState> mirrors = new HashMap<>();
        List<String> travels = new ArrayList<>();
        for (Volume volume : group.volumes()) {
            mirrors.put(volume.name(), around.host().mirror().state(group.name(), volume, Call.within(LOOK)));
            travels.add(around.host().mountPoint(group.name(), volume.name()).toString());
        }
        for (FailoverInterface slot : group.interfaces()) {
            slot.addresses().forEach(a -> travels.add(a.host()));
        }
        List<String> devices = around.host().nics(Call.within(LOOK)).stream()
                .map(NicView::device)
                .toList();
        Optional<String> flaw = newest.inventory().isPresent() || (ask.given() && newest.lacksGroup())
                ? Optional.empty()
                : Optional.of(newest.flaw());
        return new Seen(group, flaw, mirrors, devices, around.host().startedAtBoot(travels), List.of());
    }

    /** What this host lacks, each once. */
    private List<String> lacks(GroupDefinition group) {
        return around.host().adapters().stream()
                .filter(adapter -> DefinitionRules.uses(group, adapter.kind().getSimpleName()))
                .map(Adapter::lacks)
                .flatMap(List::stream)
                .map(lack -> lack.what() + ": " + lack.mend())
                .distinct()
                .toList();
    }

    CompletionStage<DossierView> prove(
            GroupDefinition group, String from, Supplier<Optional<Instant>> lastSign, Instant began) {
        Optional<Settings.Peer> known = around.settings().peers().stream()
                .filter(p -> p.appliance().equals(from))
                .findFirst();
        if (known.isEmpty()) {
            return CompletableFuture.failedFuture(new HostException("no peer " + from + " in the settings"));
        }
        Settings.Peer peer = known.get();
        CompletableFuture<Probe> hello =
                around.runner().blocking(() -> hello(peer)).toCompletableFuture();
        List<CompletableFuture<Probes>> wires = new ArrayList<>();
        List<InetAddress> own =
                List.of(Cidr.literal("peer", peer.host()), Cidr.literal("mirror-address", peer.mirrorAddress()));
        wires.add(wire("appliance", own, witnesses(), Optional.empty()));
        for (FailoverInterface slot : group.interfaces()) {
            Nic nic = slot.nics().get(around.self());
            if (nic != null) {
                List<InetAddress> addresses =
                        slot.addresses().stream().map(Cidr::address).toList();
                wires.add(wire("failover address", addresses, slot.gateways(), Optional.of(nic.device())));
            }
        }
        return CompletableFuture.allOf(wires.toArray(CompletableFuture[]::new))
                .thenCombine(hello, (nothing, answer) -> {
                    List<Probe> probes = new ArrayList<>();
                    List<Probe> witnesses = new ArrayList<>();
                    for (CompletableFuture<Probes> wire : wires) {
                        probes.addAll(wire.join().probes());
                        witnesses.addAll(wire.join().witnesses());
                    }
                    probes.add(onSameWire(answer, probes));
                    return DossierRules.judge(from, List.of(heartbeats(lastSign.get(), began)), probes, witnesses);
                });
    }

    private record Probes(List<Probe> probes, List<Probe> witnesses) {}

    private List<InetAddress> witnesses() {
        return around.settings().witnesses().stream()
                .map(w -> Cidr.literal("witness", w))
                .toList();
    }

    private CompletableFuture<Probes> wire(
            String what, List<InetAddress> targets, List<InetAddress> witnesses, Optional<String> device) {
        List<InetAddress> all = new ArrayList<>(targets);
        witnesses.stream().filter(w -> !targets.contains(w)).forEach(all::add);
        return around.runner()
                .blocking(() -> {
                    List<Probe> probes = new ArrayList<>();
                    List<Probe> seen = new ArrayList<>();
                    for (LifeProbe.Finding f : around.host().probe().probe(all, device, Call.within(LOOK))) {
                        Heard heard = f.answered() ? Heard.ANSWER : Heard.NOTHING;
                        String channel = what + " " + f.address().getHostAddress();
                        Probe probe = new Probe(channel, f.device(), f.carrier(), heard, f.detail());
                        (targets.contains(f.address()) ? probes : seen).add(probe);
                    }
                    return new Probes(probes, seen);
                })
                .toCompletableFuture();
    }

    /** A connection, or its refusal by the host's kernel, is a sign of life; on loopback the kernel is our own. */
    private static Probe hello(Settings.Peer peer) {
        String channel = "hello " + peer.host() + ":" + peer.helloPort();
        InetAddress host = Cidr.literal("peer", peer.host());
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, peer.helloPort()), (int) PROBE.toMillis());
            return new Probe(channel, Optional.empty(), true, Heard.ANSWER, "its agent takes connections");
        } catch (ConnectException refused) {
            boolean kernel = !host.isLoopbackAddress()
                    && String.valueOf(refused.getMessage()).contains("refused");
            return kernel
                    ? new Probe(
                            channel, Optional.empty(), true, Heard.ANSWER, "its host refuses the connection: it runs")
                    : new Probe(
                            channel, Optional.empty(), true, Heard.NOTHING, "no connection: " + refused.getMessage());
        } catch (IOException e) {
            return new Probe(channel, Optional.empty(), true, Heard.NOTHING, "no connection: " + e.getMessage());
        }
    }

    /** The hello goes over the wire that leads to the appliance. */
    private static Probe onSameWire(Probe hello, List<Probe> probes) {
        return probes.isEmpty()
                ? hello
                : new Probe(
                        hello.channel(),
                        probes.get(0).device(),
                        probes.get(0).carrier(),
                        hello.heard(),
                        hello.detail());
    }

    private static EvidenceView heartbeats(Optional<Instant> lastSign, Instant began) {
        boolean fresh = lastSign.isPresent() && lastSign.get().isAfter(began);
        return new EvidenceView(
                "heartbeats",
                fresh ? "ALIVE" : "PROVES_NOTHING",
                lastSign.map(at -> "last one at " + at).orElse("none was ever heard"));
    }
}
