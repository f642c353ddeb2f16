package sfo.it.simulate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import sfo.agent.rules.SagaInput;
import sfo.agent.rules.SagaState;
import sfo.protocol.events.SagaEvent;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Phase;
import sfo.protocol.plan.Resource;
import sfo.protocol.plan.Step;

/**
 * What an appliance's adapters do to its host: slowly, now and then in vain, and sometimes after the death of the agent
 * that asked for it. The host forgets all of it with the power.
 */
final class Hands {
    /** One command on its way. */
    private static final class Command {
        final String tag;
        boolean ended;

        Command(String tag) {
            this.tag = tag;
        }
    }

    private final Node node;
    private final World world;
    private final Map<String, Facts> before = new TreeMap<>();
    private final Map<String, Facts> host = new TreeMap<>();
    private final Map<String, Long> busyUntil = new HashMap<>();
    private final List<Command> commands = new ArrayList<>();
    private double failing;
    private int boot;

    Hands(Node node) {
        this.node = node;
        this.world = node.world;
        // what was there before the group ever came
        for (String title : List.of("interface fo0", "group host " + World.GROUP)) {
            before.put(title, Facts.of("sysctl", String.valueOf(world.dice(1000))));
        }
        host.putAll(before);
    }

    boolean isApplied(String title) {
        return host.getOrDefault(title, Facts.NOTHING).get("is").equals("applied");
    }

    void fail(double probability) {
        failing = probability;
        world.later(8_000, () -> failing = 0);
    }

    Facts inspect(Step step) {
        return step.resource() instanceof Resource.PrimaryVolume
                ? node.side.facts()
                : host.getOrDefault(step.resource().title(), Facts.NOTHING);
    }

    boolean holds(Step step) {
        if (step.resource() instanceof Resource.PrimaryVolume p) {
            return node.isPrimary() && node.side.claim.equals(p.claim());
        }
        return isApplied(step.resource().title());
    }

    /** @param settle the agent is a new one: it ends what is left of the step's commands, and looks first */
    void apply(Saga saga, String id, Step step, boolean settle) {
        start(step, () -> {
            if (settle) {
                endOrphans(id, step);
                if (holds(step)) {
                    saga.take(new SagaInput.Applied(step.id(), "", 1));
                    return;
                }
            }
            String why = saga.unless(step);
            boolean fails = world.chance(failing) || proofFails(step);
            if (!why.isEmpty() || fails) {
                boolean half = fails && !step.resource().isProof() && world.chance(0.3);
                if (half && why.isEmpty()) {
                    effect(id, step, false, () -> act(step));
                }
                long later = half ? 400 : 0;
                node.later(
                        later,
                        () -> saga.take(new SagaInput.Applied(
                                step.id(), holds(step) && why.isEmpty() ? "" : why.isEmpty() ? "it failed" : why, 1)));
                return;
            }
            saga.checkPermit(step);
            command(id, step, false, () -> act(step), error -> saga.take(new SagaInput.Applied(step.id(), error, 1)));
        });
    }

    private boolean proofFails(Step step) {
        // somebody answers for the address: the duplicate-address check finds it
        return step.resource() instanceof Resource.FreeAddress
                && world.nodes.stream()
                        .anyMatch(n ->
                                n != node && n.isOpen() && world.network.bothWays(Network.LAN, node.number, n.number));
    }

    void revert(Saga saga, String id, Step step, Facts was) {
        start(step, () -> {
            endOrphans(id, step);
            if (world.chance(failing)) {
                saga.take(new SagaInput.Reverted(step.id(), "it failed", 1));
                return;
            }
            command(id, step, true, () -> undo(step, was), e -> saga.take(new SagaInput.Reverted(step.id(), e, 1)));
        });
    }

    /** A step of what is served changes, or is taken away. */
    void adjust(String id, Step step, boolean away, Done done) {
        start(step, () -> {
            endOrphans(id, step);
            if (world.chance(failing)) {
                done.error("it failed");
                return;
            }
            run(
                    id,
                    step,
                    () -> {
                        checkAdjusting(id, step);
                        if (!away) {
                            return act(step);
                        }
                        node.gated &= !(step.resource() instanceof Resource.IsolationLease);
                        return undo(step, Facts.NOTHING);
                    },
                    done);
        });
    }

    /** One at a time for each resource. */
    private void start(Step step, Runnable run) {
        String title = step.resource().title();
        long at = Math.max(world.now(), busyUntil.getOrDefault(title, 0L));
        busyUntil.put(title, at + 1);
        node.later(at - world.now() + 1, run);
    }

    interface Done {
        void error(String error);
    }

    private void command(String id, Step step, boolean inverse, java.util.function.Supplier<String> act, Done done) {
        run(id, step, () -> effective(id, step, inverse, act), done);
    }

    private void run(String id, Step step, java.util.function.Supplier<String> effect, Done done) {
        long takes = world.chance(0.03) ? world.dice(3_000) : 5 + world.dice(250);
        busyUntil.put(step.resource().title(), world.now() + takes + 2);
        Command command = new Command(id + "/" + step.id());
        commands.add(command);
        int booted = boot;
        world.later(takes, () -> {
            commands.remove(command);
            if (!command.ended && booted == boot && node.power) {
                String error = effect.get();
                node.later(0, () -> done.error(error));
            }
        });
    }

    private void effect(String id, Step step, boolean inverse, java.util.function.Supplier<String> act) {
        command(id, step, inverse, act, error -> {});
    }

    /** The moment in which the host changes. */
    private String effective(String id, Step step, boolean inverse, java.util.function.Supplier<String> act) {
        checkIntent(id, step, inverse);
        if (inverse) {
            checkClosed(step);
        }
        return act.get();
    }

    /** I3: intent, pre-image and inverse are on disk before a step acts. */
    private void checkIntent(String id, Step step, boolean inverse) {
        SagaState stored = SagaState.EMPTY;
        for (SagaEvent event : node.sagaLog(id)) {
            stored = stored.apply(event);
        }
        SagaState.Mark mark = stored.opened().isEmpty() ? SagaState.Mark.WAITING : stored.mark(step);
        boolean intended = !inverse || mark != SagaState.Mark.INTENDED;
        // a command may outlive what its agent stored of it later, never precede it
        if (mark == SagaState.Mark.WAITING || stored.before().isEmpty() || !intended) {
            throw new World.Violation("I3", node.name + " acts on " + step.id() + " before its intent is stored");
        }
    }

    /** I3, for a change of what is served. */
    private void checkAdjusting(String id, Step step) {
        SagaState stored = SagaState.EMPTY;
        for (SagaEvent event : node.sagaLog(id)) {
            stored = stored.apply(event);
        }
        // a command may outlive what its agent stored of it later
        if (stored.adjusting().isEmpty()
                && node.sagaLog(id).stream().noneMatch(SagaEvent.AdjustEnded.class::isInstance)) {
            throw new World.Violation("I3", node.name + " changes " + step.id() + " before its intent is stored");
        }
    }

    private String act(Step step) {
        Resource resource = step.resource();
        if (resource instanceof Resource.PrimaryVolume p) {
            String error = world.mirror.promote(node, p.claim());
            if (!error.isEmpty()) {
                return error;
            }
        } else if (resource instanceof Resource.MirroredVolume m) {
            String error = world.mirror.connect(node, m.claim());
            if (!error.isEmpty()) {
                return error;
            }
        } else if (resource instanceof Resource.OpenInterface) {
            boolean ready =
                    isApplied("interface fo0") && (!world.hasVolume() || (node.isPrimary() && node.isMounted()));
            if (!ready) {
                throw new World.Violation("I6", node.name + " opens with nothing behind the address");
            }
            if (!node.passes()) {
                return "the gateway does not answer through an interface whose lease has run out";
            }
        }
        if (!resource.isProof()) {
            host.put(resource.title(), Facts.of("is", "applied"));
        }
        node.gated |= resource instanceof Resource.IsolationLease;
        if (resource instanceof Resource.GroupHost) {
            node.gated = false; // it is another one than that which was left
        }
        if (resource instanceof Resource.OpenInterface) {
            world.tell(node.name + " OPENS");
            world.opened(node, node.lossPutUpWith());
        }
        return "";
    }

    private String undo(Step step, Facts was) {
        String title = step.resource().title();
        if (step.resource() instanceof Resource.PrimaryVolume) {
            world.mirror.demote(node, was.values());
        }
        if (step.resource() instanceof Resource.OpenInterface && isApplied(title)) {
            world.tell(node.name + " closes");
        }
        if (was.isNothing() || step.resource() instanceof Resource.PrimaryVolume) {
            host.remove(title);
        } else {
            host.put(title, was);
        }
        return "";
    }

    /** I6: the address goes before what is behind it. */
    private void checkClosed(Step step) {
        if (step.phase() != Phase.OPEN && step.phase() != Phase.SERVICES && node.isOpen()) {
            throw new World.Violation("I6", node.name + " takes " + step.id() + " away from behind an open address");
        }
    }

    /** I2: undone is as before. */
    void ended(String id, SagaState state) {
        if (state.ended().orElseThrow().outcome() == SagaEvent.Outcome.UNDONE
                && commands.stream().noneMatch(c -> c.tag.startsWith(id + "/") && !c.ended)
                && !host.equals(before)) {
            throw new World.Violation(
                    "I2", node.name + " " + id + " is undone, and the host is " + host + ", not " + before);
        }
    }

    private void endOrphans(String id, Step step) {
        commands.stream().filter(c -> c.tag.equals(id + "/" + step.id())).forEach(c -> c.ended = true);
    }

    /** Some of its commands die with it, others are on their own. */
    void agentGone() {
        commands.forEach(c -> c.ended |= world.chance(0.6));
        busyUntil.clear();
    }

    void powerCut() {
        boot++;
        commands.clear();
        busyUntil.clear();
        host.clear();
        host.putAll(before);
    }
}
