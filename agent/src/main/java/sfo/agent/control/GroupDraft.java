package sfo.agent.control;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import sfo.protocol.control.Views;
import sfo.protocol.model.AutomaticMac;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Mac;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Names;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Route;
import sfo.protocol.model.Terms;

/**
 * A group on its way to exist: what was typed and answered, and the rules over it. Pure.
 *
 * @param known all appliances that this one knows
 * @param surveys of those that answered
 * @param taken the failover addresses of other groups: which group has it
 */
record GroupDraft(
        String name,
        String home,
        List<String> members,
        List<FailoverInterface> interfaces,
        List<String> known,
        List<Views.SurveyView> surveys,
        Map<InetAddress, String> taken,
        Terms terms) {

    /** @throws Session.Usage with every rule that is broken, one a line */
    GroupDefinition checked() {
        List<String> broken = problems();
        if (!broken.isEmpty()) {
            throw new Session.Usage(String.join("\n  ", broken));
        }
        return new GroupDefinition(name, 1, home, members, interfaces, List.of(), List.of()).on(terms);
    }

    List<String> problems() {
        List<String> broken = new ArrayList<>();
        check(broken, () -> Names.name("group", name));
        check(broken, () -> members(members, known));
        if (!members.contains(home)) {
            broken.add("home \"" + home + "\": expected one of the members " + String.join(", ", members));
        }
        terms.witnesses().stream()
                .filter(members::contains)
                .forEach(w -> broken.add("witness \"" + w + "\": expected another appliance than the members"));
        Set<InetAddress> addresses = new LinkedHashSet<>();
        Set<Mac> macs = new LinkedHashSet<>();
        Set<String> devices = new LinkedHashSet<>();
        for (FailoverInterface slot : interfaces) {
            checkSlot(slot, broken);
            slot.addresses().stream()
                    .filter(a -> !addresses.add(a.address()))
                    .forEach(a -> broken.add("address \"" + a + "\": expected each failover address once"));
            slot.mac()
                    .mac()
                    .filter(m -> !macs.add(m))
                    .ifPresent(
                            m -> broken.add("MAC \"" + m + "\": expected one of its own for each failover interface"));
            slot.nics().forEach((member, nic) -> {
                if (!devices.add(member + "=" + nic.device()) && nic.use() == Nic.Use.SPARE) {
                    broken.add("NIC \"" + member + "=" + nic.device() + "\": a spare one carries one interface only");
                }
            });
        }
        return broken;
    }

    private void checkSlot(FailoverInterface slot, List<String> broken) {
        for (String member : members) {
            if (!slot.nics().containsKey(member)) {
                broken.add("NIC of " + member + " for " + slot.slot() + ": expected " + option(slot, "nic") + " "
                        + member + "=DEVICE");
            }
        }
        slot.nics().forEach((member, nic) -> {
            check(broken, () -> nic(member, nic));
        });
        slot.addresses().forEach(address -> {
            check(broken, () -> address(address));
            owner(address.address())
                    .ifPresent(owner ->
                            broken.add("address \"" + address + "\": expected one that is free; it is " + owner));
        });
        for (boolean v6 : new boolean[] {false, true}) {
            List<String> family = slot.gateways().stream()
                    .filter(g -> (g.getAddress().length > 4) == v6)
                    .map(InetAddress::getHostAddress)
                    .toList();
            if (family.size() > 1) {
                broken.add("gateways \"" + String.join(" ", family) + "\" of " + slot.slot()
                        + ": expected one of each family; further ways are " + option(slot, "route"));
            }
        }
        slot.gateways().forEach(gateway -> check(broken, () -> gateway(gateway, slot.addresses())));
        for (Route route : slot.routes()) {
            if (slot.addresses().stream().noneMatch(a -> within(route.via(), a))) {
                broken.add("route \"" + route.to() + "=" + route.via().getHostAddress()
                        + "\": expected a next hop in the network of " + slot.addresses());
            }
        }
    }

    /** Whose an address is by what this appliance knows; who else has it is asked on the wire. */
    private Optional<String> owner(InetAddress address) {
        if (taken.containsKey(address)) {
            return Optional.of("group " + taken.get(address) + "'s");
        }
        for (Views.SurveyView survey : surveys) {
            for (Views.NicView nic : survey.nics()) {
                if (nic.addresses().stream().anyMatch(text -> names(text, address))) {
                    return Optional.of("that of " + survey.appliance() + " itself, on " + nic.device());
                }
            }
        }
        return Optional.empty();
    }

    private static boolean names(String text, InetAddress address) {
        try {
            return Cidr.literal("address", text.replaceFirst("[/%].*", "")).equals(address);
        } catch (Invalid e) {
            return false;
        }
    }

    private static String option(FailoverInterface slot, String what) {
        return slot.slot().equals("fo0") ? "--" + what : "--" + slot.slot() + "-" + what;
    }

    private static void check(List<String> broken, Runnable rule) {
        try {
            rule.run();
        } catch (Invalid e) {
            broken.add(e.getMessage());
        }
    }

    /** What is not wrong, but worth knowing before the question. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        members.stream()
                .filter(m -> surveys.stream().noneMatch(s -> s.appliance().equals(m)))
                .forEach(m -> notes.add("note: " + m + " did not answer, so its NICs could not be looked at"));
        for (FailoverInterface slot : interfaces) {
            if (slot.gateways().isEmpty()) {
                notes.add("note: " + slot.slot() + " has no gateway; nothing proves its wire when it opens");
            }
        }
        return notes;
    }

    static List<String> members(List<String> members, List<String> known) {
        for (String member : members) {
            Names.name("member", member);
            if (!known.contains(member)) {
                throw new Invalid("member", member, "one of " + String.join(", ", known));
            }
        }
        if (members.size() < 2 || Set.copyOf(members).size() < members.size()) {
            throw new Invalid("members", String.join(" ", members), "two or more different appliances");
        }
        return List.copyOf(members);
    }

    /** Sorted, each once. */
    static List<String> witnesses(List<String> witnesses, List<String> known) {
        for (String witness : witnesses) {
            Names.name("witness", witness);
            if (!known.contains(witness)) {
                throw new Invalid("witness", witness, "one of " + String.join(", ", known));
            }
        }
        return witnesses.stream().distinct().sorted().toList();
    }

    Nic nic(String member, Nic nic) {
        if (!members.contains(member)) {
            throw new Invalid("NIC", member + "=" + nic.device(), "a member: one of " + String.join(", ", members));
        }
        Optional<Views.SurveyView> survey =
                surveys.stream().filter(s -> s.appliance().equals(member)).findFirst();
        if (survey.isEmpty()) {
            return nic;
        }
        List<Views.NicView> there = survey.get().nics();
        Views.NicView found = there.stream()
                .filter(n -> n.device().equals(nic.device()))
                .findFirst()
                .orElseThrow(() -> new Invalid(
                        "NIC",
                        member + "=" + nic.device(),
                        "one of "
                                + String.join(
                                        ", ",
                                        there.stream()
                                                .map(Views.NicView::device)
                                                .toList())));
        if (nic.use() == Nic.Use.SPARE && !found.use().equals("free")) {
            throw new Invalid(
                    "NIC",
                    member + "=" + nic.device() + ",spare",
                    "one that nothing uses (this one: " + found.use() + "); without \",spare\" it is shared");
        }
        return nic;
    }

    /** {@code eth0} or {@code eth0,spare}. */
    static Nic nic(String text) {
        int comma = text.indexOf(',');
        if (comma < 0) {
            return new Nic(text, Nic.Use.SHARED);
        }
        String use = text.substring(comma + 1).toLowerCase(Locale.ROOT);
        if (!use.equals("spare") && !use.equals("shared")) {
            throw new Invalid("NIC", text, "DEVICE, or DEVICE,spare");
        }
        return new Nic(text.substring(0, comma), Nic.Use.valueOf(use.toUpperCase(Locale.ROOT)));
    }

    /** Each {@code APPLIANCE=DEVICE[,spare]}. */
    static Map<String, Nic> nics(List<String> texts) {
        Map<String, Nic> nics = new LinkedHashMap<>();
        for (String text : texts) {
            int equals = text.indexOf('=');
            if (equals < 1) {
                throw new Invalid("NIC", text, "APPLIANCE=DEVICE, such as a=eth0 or a=eth2,spare");
            }
            if (nics.put(text.substring(0, equals), nic(text.substring(equals + 1))) != null) {
                throw new Invalid("NIC", text, "one for each member of each failover interface");
            }
        }
        return nics;
    }

    static Cidr address(Cidr address) {
        InetAddress ip = address.address();
        if (ip.isAnyLocalAddress() || ip.isLoopbackAddress() || ip.isMulticastAddress() || ip.isLinkLocalAddress()) {
            throw new Invalid("address", address, "a unicast address that other hosts can reach");
        }
        byte[] octets = ip.getAddress();
        if (octets.length == 4 && address.prefix() < 31) {
            int host = 0;
            int all = -1 >>> address.prefix();
            for (byte octet : octets) {
                host = (host << 8) | (octet & 0xff);
            }
            if ((host & all) == 0 || (host & all) == all) {
                throw new Invalid("address", address, "a host's address, not the network's own or its broadcast");
            }
        }
        if ((octets[0] & 0xf0) == 0xf0 && octets.length == 4) {
            throw new Invalid("address", address, "an address below 240.0.0.0");
        }
        return address;
    }

    static InetAddress gateway(InetAddress gateway, List<Cidr> addresses) {
        if (addresses.stream().noneMatch(a -> within(gateway, a))) {
            throw new Invalid("gateway", gateway.getHostAddress(), "an address in the network of " + addresses);
        }
        if (addresses.stream().anyMatch(a -> a.address().equals(gateway))) {
            throw new Invalid("gateway", gateway.getHostAddress(), "another host than the failover address itself");
        }
        return gateway;
    }

    /** {@code NET/PREFIX=VIA}. */
    static Route route(String text) {
        int equals = text.indexOf('=');
        if (equals < 1) {
            throw new Invalid("route", text, "NET/PREFIX=VIA, such as 10.9.0.0/16=10.77.0.1");
        }
        if (text.startsWith("0.0.0.0/") || text.startsWith("::/")) {
            throw new Invalid("route", text, "the default route to be given as --gateway VIA");
        }
        Cidr to = Cidr.parse(text.substring(0, equals));
        InetAddress via = Cidr.literal("route", text.substring(equals + 1));
        if (via.getAddress().length != to.address().getAddress().length) {
            throw new Invalid("route", text, "a next hop of the same family");
        }
        return new Route(to, via);
    }

    static MacChoice mac(String text, String group, String slot, List<String> members) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "auto", "automatic" ->
                new MacChoice(MacChoice.Kind.AUTOMATIC, Optional.of(AutomaticMac.of(group, slot, members)));
            case "none" -> new MacChoice(MacChoice.Kind.NONE, Optional.empty());
            default -> new MacChoice(MacChoice.Kind.GIVEN, Optional.of(new Mac(text)));
        };
    }

    private static boolean within(InetAddress address, Cidr network) {
        byte[] one = address.getAddress();
        byte[] other = network.address().getAddress();
        if (one.length != other.length) {
            return false;
        }
        for (int bit = 0; bit < network.prefix(); bit++) {
            int shift = 7 - bit % 8;
            if ((((one[bit / 8] ^ other[bit / 8]) >> shift) & 1) != 0) {
                return false;
            }
        }
        return true;
    }
}
