package sfo.ops.network;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.exec.Exec;
import sfo.protocol.json.Json;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.Mac;

/** The {@code ip} command, one process for any number of questions or acts. */
final class Ip {
    private final Exec exec;

    Ip(Exec exec) {
        this.exec = exec;
    }

    /**
     * A device as {@code ip} shows it.
     *
     * @param carrier whether it is up and its wire is there
     * @param kind such as {@code macvlan}; empty for hardware
     * @param parent index of the device below, 0 if none or not known by index
     * @param parentName name of the device below, if in the same namespace
     */
    record Link(
            int index,
            String name,
            String mac,
            boolean up,
            boolean carrier,
            boolean ethernet,
            String kind,
            String master,
            int parent,
            String parentName,
            List<Cidr> addresses) {

        /** A macvlan as it is right after it was made. */
        static Link fresh(String name, Optional<Mac> mac) {
            String address = mac.map(Mac::value).orElse("");
            return new Link(0, name, address, false, false, true, "macvlan", "", 0, "", List.of());
        }

        /** Addresses that were given to it; the kernel makes those of the link alone by itself. */
        List<Cidr> given() {
            return addresses.stream()
                    .filter(a -> !(a.isV6() && a.address().isLinkLocalAddress()))
                    .toList();
        }

        /** Its own address to ask from: of the target's network, or of the link, else the unspecified one. */
        InetAddress senderFor(InetAddress target) {
            boolean v6 = target.getAddress().length == 16;
            return addresses.stream()
                    .filter(a -> a.isV6() == v6)
                    .filter(a ->
                            Addresses.contains(a, target) || (v6 && a.address().isLinkLocalAddress()))
                    .map(Cidr::address)
                    .findFirst()
                    .orElse(Frames.address(new byte[v6 ? 16 : 4]));
        }
    }

    /** All devices of a namespace with their addresses. */
    List<Link> links(Namespace where, Call call) throws HostException {
        return links(ask(where, List.of("addr show"), call).get(0));
    }

    Optional<Link> link(Namespace where, String device, Call call) throws HostException {
        return links(where, call).stream().filter(l -> l.name().equals(device)).findFirst();
    }

    /** The answers to questions that all can be answered, in their order. */
    List<JsonNode> ask(Namespace where, List<String> questions, Call call) throws HostException {
        List<JsonNode> answers = parse(exec.need(call, argv(where, "-j", "-d", "-batch", "-"), lines(questions)));
        if (answers.size() != questions.size()) {
            throw new HostException("ip answered " + answers.size() + " of " + questions.size() + " questions ("
                    + String.join("; ", questions) + "): iproute2 5.0 or newer is needed");
        }
        return answers;
    }

    /** The answer to one question about one address family ({@code -4} or {@code -6}). */
    JsonNode askOne(Namespace where, String family, String question, Call call) throws HostException {
        List<String> argv = argv(where, "-j", family);
        argv.addAll(List.of(question.split(" ")));
        List<JsonNode> answers = parse(exec.need(call, argv, ""));
        return answers.isEmpty() ? Json.MAPPER.createArrayNode() : answers.get(0);
    }

    /** The answers to those questions that have one. */
    List<JsonNode> askAny(Namespace where, List<String> questions, Call call) throws HostException {
        return parse(exec.run(call, argv(where, "-j", "-d", "-force", "-batch", "-"), lines(questions))
                .out());
    }

    /** Carries out the lines in their order, up to the first that fails. */
    void act(Namespace where, List<String> lines, Call call) throws HostException {
        act(where, argv(where, "-batch", "-"), lines, call);
    }

    /** The same for one address family ({@code -4} or {@code -6}). */
    void act(Namespace where, String family, List<String> lines, Call call) throws HostException {
        act(where, argv(where, family, "-batch", "-"), lines, call);
    }

    private void act(Namespace where, List<String> argv, List<String> lines, Call call) throws HostException {
        if (lines.isEmpty()) {
            return;
        }
        Exec.Output output = exec.run(call, argv, lines(lines));
        if (!output.ok()) {
            throw new HostException("ip (in the network namespace " + where + ") could not carry out \""
                    + String.join("; ", lines) + "\": " + output.err().strip());
        }
    }

    void run(Call call, String... words) throws HostException {
        exec.need(call, argv(Namespace.OWN, words), "");
    }

    static List<String> argv(Namespace where, String... words) {
        List<String> argv = new ArrayList<>(List.of("ip"));
        where.name().ifPresent(name -> argv.addAll(List.of("-n", name)));
        argv.addAll(List.of(words));
        return argv;
    }

    private static String lines(List<String> lines) {
        return String.join("\n", lines) + "\n";
    }

    /** One array per question, one after the other. (Not by readValues, which takes the first array for the list.) */
    private static List<JsonNode> parse(String out) throws HostException {
        List<JsonNode> answers = new ArrayList<>();
        try (JsonParser parser = Json.MAPPER.createParser(out)) {
            while (parser.nextToken() != null) {
                answers.add(parser.<JsonNode>readValueAsTree());
            }
            return answers;
        } catch (IOException e) {
            throw new HostException("ip did not answer in JSON: " + e.getMessage(), e);
        }
    }

    static List<Link> links(JsonNode array) {
        List<Link> links = new ArrayList<>();
        for (JsonNode node : array) {
            if (node.hasNonNull("ifname")) {
                links.add(link(node));
            }
        }
        return links;
    }

    private static Link link(JsonNode node) {
        List<String> flags = new ArrayList<>();
        node.path("flags").forEach(flag -> flags.add(flag.asText()));
        List<Cidr> addresses = new ArrayList<>();
        for (JsonNode address : node.path("addr_info")) {
            if (address.hasNonNull("local")) {
                addresses.add(Cidr.parse(address.path("local").asText() + "/"
                        + address.path("prefixlen").asInt()));
            }
        }
        return new Link(
                node.path("ifindex").asInt(),
                node.path("ifname").asText(),
                node.path("address").asText(),
                flags.contains("UP"),
                flags.contains("LOWER_UP"),
                node.path("link_type").asText().equals("ether"),
                node.path("linkinfo").path("info_kind").asText(),
                node.path("master").asText(),
                node.path("link_index").asInt(),
                node.path("link").asText(),
                addresses);
    }
}
