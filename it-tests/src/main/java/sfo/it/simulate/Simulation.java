package sfo.it.simulate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import sfo.agent.rules.member.Wish;
import sfo.protocol.control.Requests;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Terms;

/**
 * One schedule: a group is made, things befall it, and in the end all is healed and has to come to rest. The same seed and
 * the same actions give the same run.
 */
final class Simulation {
    private static final long MADE = 15_000;
    private static final long QUIET = 100_000;

    private Simulation() {}

    /**
     * How a run ended.
     *
     * @param violation empty if everything held
     */
    record Result(
            long seed,
            int members,
            List<Action> actions,
            long events,
            Optional<World.Violation> violation,
            List<String> story) {}

    static Result run(Core core, long seed) {
        Random random = new Random(seed);
        int members = random.nextInt(3) > 0 ? 2 : 3 + random.nextInt(5);
        List<Action> story = Action.story(random, World.appliances(seed, members), 4 + random.nextInt(16));
        return run(core, seed, members, World.hasWitness(seed) ? Action.withTerms(random, story) : story);
    }

    static Result run(Core core, long seed, int members, List<Action> actions) {
        World world = new World(core, seed, members);
        Optional<World.Violation> violation = Optional.empty();
        try {
            play(world, actions);
        } catch (World.Violation v) {
            world.tell("!! " + v.getMessage());
            violation = Optional.of(v);
        } catch (RuntimeException e) {
            world.tell("!! " + e);
            World.Violation v = new World.Violation("crash", String.valueOf(e));
            v.initCause(e);
            violation = Optional.of(v);
        }
        return new Result(seed, members, actions, world.steps, violation, List.copyOf(world.story()));
    }

    private static void play(World world, List<Action> actions) {
        world.nodes.forEach(Node::powerOn);
        world.mirror.tick();
        world.clients();
        world.later(2_000, () -> world.nodes.get(0).types(new Wish.Create(world.definition, Node.ROOT)));
        world.runUntil(MADE);
        for (Action action : actions) {
            world.later(action.at(), () -> befalls(world, action));
        }
        long last = actions.isEmpty() ? 0 : actions.get(actions.size() - 1).at();
        world.later(last + 1_000, () -> heal(world));
        world.runUntil(MADE + last + QUIET);
        world.checkQuiet();
    }

    private static void heal(World world) {
        world.tell("-- all is healed");
        world.network.heal();
        for (Node node : world.nodes) {
            node.thaw();
            node.powerOn();
            node.startAgent();
            node.hands.fail(0);
        }
    }

    private static void befalls(World world, Action action) {
        Node node = world.nodes.get(action.node());
        switch (action.kind()) {
            case POWER_CUT -> node.powerCut();
            case POWER_ON -> node.powerOn();
            case LOSE_JOURNAL -> node.losesJournal();
            case KILL_AGENT -> node.killAgent();
            case START_AGENT -> node.startAgent();
            case FREEZE -> node.freeze();
            case THAW -> node.thaw();
            case CUT -> {
                int network = action.number() % Network.COUNT;
                world.tell("network " + network + ": " + node.name + " to " + World.name(action.other()) + " is cut");
                world.network.cut(network, action.node(), action.other());
            }
            case CUT_APART -> {
                world.tell(node.name + " and " + World.name(action.other()) + " are cut apart");
                world.network.cutApart(action.node(), action.other());
            }
            case ISOLATE -> {
                world.tell(node.name + " is isolated");
                world.network.isolate(action.node(), world.nodes.size());
            }
            case HEAL -> {
                world.tell("the networks are healed");
                world.network.heal();
            }
            case CLOCK_JUMP -> node.clockJumps((action.number() - 50) * 80_000L);
            case STEPS_FAIL -> {
                world.tell("steps on " + node.name + " fail now and then");
                node.hands.fail(action.number() / 200.0);
            }
            case FAILOVER -> node.types(failover(false, false));
            case FAILOVER_ACCEPT_LOSS -> node.types(failover(true, false));
            case FAILOVER_OVERRIDE -> node.types(failover(false, true));
            case UNDO -> node.types(new Wish.Undo(new Requests.Undo(World.GROUP, false, false), Node.ROOT));
            case UNDO_ACCEPT_LOSS -> node.types(new Wish.Undo(new Requests.Undo(World.GROUP, true, false), Node.ROOT));
            case CHANGE_TERMS -> changeTerms(world, action.number());
            case RESUME -> node.types(new Wish.Resume(Node.ROOT));
            case RESOLVE -> {
                if (node.needsOperator() || node.abstains()) {
                    world.excuse("resolve on " + node.name);
                }
                node.types(new Wish.Resolve(Node.ROOT));
            }
        }
    }

    private static void changeTerms(World world, int number) {
        String witness = World.name(world.nodes.size() - 1);
        List<Optional<Lease>> leases = List.of(
                Optional.empty(), Optional.of(new Lease(4)), Optional.of(new Lease(5)), Optional.of(new Lease(9)));
        Terms wanted = new Terms(number % 2 == 0 ? List.of(witness) : List.of(), leases.get(number / 2 % 4));
        world.nodes.stream()
                .filter(Node::isServing)
                .findFirst()
                .ifPresent(node -> node.types(new Wish.Change(d -> d.towards(wanted), "changed", Node.ROOT)));
    }

    private static Wish failover(boolean acceptLoss, boolean override) {
        return new Wish.Failover(
                new Requests.Failover(
                        World.GROUP,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        override ? Optional.of("it is dead, I say") : Optional.empty(),
                        acceptLoss,
                        false),
                Node.ROOT);
    }

    /** A failing story made as short as it gets while it still fails the same way. */
    static Result shrink(Core core, Result failed) {
        Result shortest = failed;
        String invariant = failed.violation().orElseThrow().invariant;
        boolean shorter = true;
        while (shorter) {
            shorter = false;
            for (int i = 0; i < shortest.actions().size(); i++) {
                List<Action> less = new ArrayList<>(shortest.actions());
                less.remove(i);
                Result again = run(core, shortest.seed(), shortest.members(), List.copyOf(less));
                if (again.violation().filter(v -> v.invariant.equals(invariant)).isPresent()) {
                    shortest = again;
                    shorter = true;
                    break;
                }
            }
        }
        return shortest;
    }
}
