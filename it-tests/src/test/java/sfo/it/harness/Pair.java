package sfo.it.harness;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import sfo.agent.boot.Keys;
import sfo.ops.embedded.EmbeddedClient;
import sfo.ops.embedded.World;
import sfo.protocol.model.Share;

/**
 * Two appliances, or more, whose hosts are folders of one world and whose agents are processes; the network between the
 * agents is relayed, so that it is cut with the world's. Group {@value #GROUP}, home {@code a}, one mirrored volume, two shares.
 */
public final class Pair implements AutoCloseable {
    public static final String GROUP = "web";
    public static final String ADDRESS = "10.77.0.100";

    private static final int PORT = 7800;
    private static final int HELLO = 7801;
    private static final int RELAYED_HELLO = 7802;
    /** 127.x.y.n: several pairs, also of other processes, at the same time. */
    private static String network() {
        return "127." + ThreadLocalRandom.current().nextInt(2, 255) + "."
                + ThreadLocalRandom.current().nextInt(1, 255) + ".";
    }

    public final Appliance a;
    public final Appliance b;
    /** In the order of their names. */
    public final List<Appliance> all;

    public final World world;
    private final EmbeddedClient client;

    private Pair(List<Appliance> all, World world) {
        this.all = List.copyOf(all);
        this.a = all.get(0);
        this.b = all.get(1);
        this.world = world;
        this.client = new EmbeddedClient(world);
    }

    /** Switches both on and makes the group; returns when all is well. */
    public static Pair serving(Path folder) {
        Pair pair = off(folder);
        pair.all.forEach(Appliance::start);
        pair.createGroup();
        pair.normal();
        return pair;
    }

    /** Makes keys and settings; no agent runs, no appliance has power. */
    public static Pair off(Path folder) {
        return off(folder, "a", "b");
    }

    /** @param names {@code a}, {@code b} and so on */
    public static Pair off(Path folder, String... names) {
        try {
            Keys.make(folder.resolve("keys"), List.of(names));
            String network = network();
            Pair pair = new Pair(
                    Stream.of(names)
                            .map(name -> appliance(folder, network, name))
                            .toList(),
                    World.at(folder.resolve("world")));
            for (String name : names) {
                write(folder, network, name, names);
            }
            return pair;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void createGroup(String... more) {
        createEmptyGroup(more);
        a.must("cdp", "create", GROUP + "/tank", "--size", "64M");
        a.must("share", "create", GROUP, "n", "--nfs", "--volume", "tank");
        a.must("share", "create", GROUP, "s", "--smb", "--guest", "--volume", "tank");
    }

    /**
     * Only its interface: nothing that is mirrored.
     *
     * @param more words of {@code sfo group create}
     */
    public void createEmptyGroup(String... more) {
        until("all agents answer", Duration.ofMinutes(2), this::allUp);
        List<String> words = new ArrayList<>(List.of("group", "create", GROUP, "--home", "a"));
        for (Appliance member : all) {
            words.addAll(List.of("--member", member.name(), "--nic", member.name() + "=eth0"));
        }
        words.addAll(List.of("--address", ADDRESS + "/24", "--gateway", "10.77.0.254", "-y"));
        words.addAll(List.of(more));
        a.must(words.toArray(String[]::new));
    }

    private static Appliance appliance(Path folder, String network, String name) {
        String host = reached(network, name);
        String bound = network + (100 + number(name));
        Cable artery = new Cable(new InetSocketAddress(host, PORT), new InetSocketAddress(bound, PORT));
        Cable hello = new Cable(new InetSocketAddress(host, RELAYED_HELLO), new InetSocketAddress(host, HELLO));
        return new Appliance(name, folder.resolve(name), bound, List.of(artery, hello));
    }

    private static String reached(String network, String name) {
        return network + number(name);
    }

    /** The last of an address: 11 for {@code a}. */
    private static int number(String name) {
        return 11 + name.charAt(0) - 'a';
    }

    private static void write(Path folder, String network, String name, String... all) throws IOException {
        String peers = Stream.of(all)
                .filter(peer -> !peer.equals(name))
                .map(peer -> "{ appliance = %s, host = %s, port = %d, hello-port = %d, mirror-address = %s }"
                        .formatted(peer, reached(network, peer), PORT, RELAYED_HELLO, storage(peer)))
                .collect(Collectors.joining(", "));
        Path home = folder.resolve(name);
        Files.createDirectories(home.resolve("tmp"));
        Files.writeString(home.resolve("sfo.conf"), """
                sfo {
                  appliance = %1$s
                  data = "%2$s/data"
                  run = "%2$s/run"
                  endpoint { host = %3$s, port = %4$d, hello-port = %5$d }
                  tls { key = "%6$s/%1$s.key", certificate = "%6$s/%1$s.crt", authority = "%6$s/ca.crt" }
                  peers = [ %7$s ]
                  witnesses = [ "10.77.0.254", "10.78.0.254" ]
                  mirror-address = %8$s
                  adapters { embedded = "%9$s" }
                  backups { every = 1m, keep = 20, verify-every = 1h }
                }
                """.formatted(
                        name,
                        home,
                        reached(network, name),
                        PORT,
                        HELLO,
                        folder.resolve("keys"),
                        peers,
                        storage(name),
                        folder.resolve("world")));
    }

    /** An appliance's address on the storage network. */
    public static String storage(String name) {
        return "10.78.0." + number(name);
    }

    public Appliance appliance(String name) {
        return all.stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
    }

    public Appliance other(Appliance one) {
        return one == a ? b : a;
    }

    // --- what happens to them

    /** The agent dies with its host. */
    public void cutPower(Appliance appliance) {
        run(() -> {
            world.cutPower(appliance.name());
            return true;
        });
        appliance.kill();
        for (Appliance other : all) {
            if (other.runs()) {
                // what it notices of that is on its disk before anything is compared
                until(other.name() + " has noticed", () -> {
                    JsonNode mirrors = group(other).path("mirrors");
                    return !mirrors.path(0).path("sync").asText().equals("REPLICATING");
                });
            }
        }
    }

    /** Every network between them; each still has carrier and reaches its witnesses. */
    public void cutLink() {
        run(() -> {
            world.cutLink("a", "b");
            return true;
        });
        a.unplug();
        b.unplug();
    }

    public void mendLink() {
        run(() -> {
            world.mendLink("a", "b");
            return true;
        });
        a.plug();
        b.plug();
    }

    /** The agents hear one another again; the mirrors' network stays cut. */
    public void mendAgentsOnly() {
        a.plug();
        b.plug();
    }

    /** See {@code sfo.ops.faults.Faults}. */
    public void fault(Appliance appliance, String kind, String what) {
        run(() -> {
            Path file = world.appliance(appliance.name()).resolve("faults").resolve(kind);
            Files.createDirectories(file.getParent());
            Files.writeString(file, what);
            return true;
        });
    }

    public boolean hasFault(Appliance appliance, String kind) {
        return Files.exists(world.appliance(appliance.name()).resolve("faults").resolve(kind));
    }

    private void noFaults(Appliance appliance) {
        Path folder = world.appliance(appliance.name()).resolve("faults");
        run(() -> {
            if (Files.exists(folder)) {
                try (var all = Files.list(folder)) {
                    for (Path file : all.toList()) {
                        Files.deleteIfExists(file);
                    }
                }
            }
            return true;
        });
    }

    // --- what is true

    /** What an appliance's host is. */
    public Tree tree(Appliance appliance) {
        return Tree.of(world.appliance(appliance.name()));
    }

    /** Who answers for the failover address. */
    public List<String> onTheWire() {
        return run(
                () -> world.holders(ADDRESS).stream().map(World.Wire::appliance).toList());
    }

    public EmbeddedClient.Handle file(String name) {
        return client.open(ADDRESS, Share.Protocol.NFS, "n", name);
    }

    /** The file's whole content, acknowledged when it returns: one record of a fixed length, so that the next covers it. */
    public void write(String file, String text) {
        run(() -> {
            file(file).write(0, String.format("%-512s", text).getBytes(StandardCharsets.UTF_8));
            return true;
        });
    }

    public String read(String file) {
        return run(() -> new String(file(file).readAll(), StandardCharsets.UTF_8).strip());
    }

    /** Files that are kept aside there because nobody else ever had what was written to them. */
    public List<String> keptOn(Appliance appliance) {
        return run(() -> {
            try (var all = Files.walk(world.appliance(appliance.name()).resolve("volumes"))) {
                return all.filter(Files::isRegularFile)
                        .map(Path::toString)
                        .filter(file -> file.contains("/kept-"))
                        .toList();
            }
        });
    }

    /** The group as that appliance sees it; a missing node while it does not answer. */
    public JsonNode group(Appliance appliance) {
        Reply reply = appliance.runs() ? appliance.sfo("status") : new Reply(6, "", "");
        return reply.exit() != 0
                ? MissingNode.getInstance()
                : reply.json().path("groups").path(0);
    }

    /** Of a failover to that appliance, in their order. */
    public List<JsonNode> steps(Appliance to) {
        List<JsonNode> steps = new ArrayList<>();
        to.must("plan", GROUP).json().path("body").path("plan").path("steps").forEach(steps::add);
        return steps;
    }

    public String state(Appliance appliance) {
        return group(appliance).path("state").asText("");
    }

    public boolean serves(Appliance appliance) {
        return group(appliance).path("servedHere").asBoolean();
    }

    /** It says that it is up, and so are all others. */
    public static boolean allUp(Appliance appliance) {
        Reply reply = appliance.sfo("status");
        List<String> states = reply.json().path("members").findValuesAsText("state");
        return reply.exit() == 0 && states.size() >= 2 && states.stream().allMatch("up"::equals);
    }

    public boolean allUp() {
        return all.stream().allMatch(Pair::allUp);
    }

    /** Every mirror replicates, and it is that side. */
    public boolean replicating(Appliance appliance, String role) {
        JsonNode mirrors = group(appliance).path("mirrors");
        boolean all = !mirrors.isEmpty();
        for (JsonNode mirror : mirrors) {
            all &= mirror.path("sync").asText().equals("REPLICATING")
                    && mirror.path("role").asText().equals(role);
        }
        return all;
    }

    /** Waits, and says what it saw last if that never comes. */
    public void until(String what, Callable<Boolean> wanted) {
        until(what, Appliance.PATIENCE, wanted);
    }

    public void until(String what, Duration limit, Callable<Boolean> wanted) {
        try {
            Awaitility.await(what)
                    .atMost(limit)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(100))
                    .until(wanted);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(
                    "not within " + limit + ": " + what + "\n"
                            + all.stream().map(this::look).collect(Collectors.joining()),
                    e);
        }
    }

    private String look(Appliance appliance) {
        return appliance.name() + (appliance.runs() ? "" : " does not run") + ": " + group(appliance) + "\n"
                + (appliance.runs() ? appliance.sfo("members").out() : "") + appliance.endOfLog() + "\n";
    }

    /** Whatever a test left: both run, the network is whole, a serves, b has everything. */
    public void normal() {
        all.forEach(this::noFaults);
        mendLink();
        allRun();
        all.forEach(Appliance::thaw);
        until(
                "all agents know the group",
                () -> all.stream().noneMatch(one -> group(one).isMissingNode()));
        until("somebody serves", () -> serves(a) || serves(b));
        if (serves(b)) {
            backHome();
        }
        until("a serves, b has everything", this::isNormal);
    }

    private void allRun() {
        for (Appliance appliance : all) {
            if (!appliance.runs()) {
                appliance.start();
            }
        }
    }

    /** {@code sfo undo}, as often as it takes on a busy machine; what a alone has is given up. */
    public void backHome() {
        until("a serves again", () -> {
            allRun();
            return serves(a) || b.sfo("undo", GROUP, "--accept-loss").exit() == 0;
        });
    }

    /** Its mirror ended more than a few seconds ago: longer than what can be put down to its primary's death. */
    public boolean longSince(Appliance appliance) {
        String since = group(appliance).path("mirrors").path(0).path("since").asText();
        return Instant.parse(since).isBefore(Instant.now().minusSeconds(4));
    }

    /** b serves, and an undo would be begun at once. */
    public boolean mayGoHome() {
        return replicating(b, "PRIMARY")
                && replicating(a, "SECONDARY")
                && b.sfo("undo", GROUP, "--dry-run").exit() == 0;
    }

    public boolean isNormal() {
        return state(a).equals("NORMAL")
                && replicating(a, "PRIMARY")
                && replicating(b, "SECONDARY")
                && state(b).equals("STANDING_BY")
                && b.sfo("check", GROUP).exit() == 0
                && allUp(a)
                && allUp(b);
    }

    private static <T> T run(Callable<T> work) {
        try {
            return work.call();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        all.forEach(Appliance::kill);
    }
}
