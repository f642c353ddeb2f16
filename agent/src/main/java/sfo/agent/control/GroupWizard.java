package sfo.agent.control;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import sfo.protocol.control.Views;
import sfo.protocol.model.Cidr;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.Lease;
import sfo.protocol.model.Names;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Terms;

/**
 * Asks for what {@code group create} was not told, one question at a time, each with what was found as its default.
 * Without somebody to ask, what has no default is a usage error that names all options that are missing.
 */
final class GroupWizard {
    /** The options of one failover interface, as typed. */
    private record Slot(
            String name,
            List<String> nics,
            List<String> addresses,
            @Nullable String mask,
            @Nullable List<String> gateways,
            List<String> routes,
            @Nullable String mac) {
        String option(String what) {
            return name.equals("fo0") ? "--" + what : "--" + name + "-" + what;
        }
    }

    private final Session session;
    private final boolean canAsk;
    /** Whether what has a default is asked for too. */
    private final boolean askAll;

    GroupWizard(Session session, boolean yes) {
        this.session = session;
        this.canAsk = session.console.canAsk();
        this.askAll = canAsk && !yes;
    }

    GroupDraft complete(@Nullable String givenName, GroupForm form) {
        List<String> known = session.operations().appliances();
        refuseIfMissing(givenName, form);
        String name = givenName != null
                ? Names.name("group", givenName)
                : session.ask("name of the group", "", n -> Names.name("group", n));
        List<String> members = form.members.isEmpty()
                ? session.ask("members", String.join(" ", known), t -> GroupDraft.members(split(t), known))
                : GroupDraft.members(form.members, known);
        List<Views.SurveyView> surveys = session.await(session.operations().survey(members));
        String home = home(form.home, members);
        if (form.nics.isEmpty() && canAsk) {
            session.console.err(Tables.surveys(surveys, session.console.width()));
        }
        List<FailoverInterface> interfaces = new ArrayList<>();
        GroupDraft draft = new GroupDraft(name, home, members, interfaces, known, surveys, taken(name), terms(form));
        interfaces.add(slot(
                new Slot("fo0", form.nics, form.addresses, form.mask, form.gateways, form.routes, form.mac), draft));
        if (form.hasSecond() || (askAll && wantsSecond(form))) {
            interfaces.add(slot(
                    new Slot("fo1", form.nics1, form.addresses1, form.mask1, form.gateways1, form.routes1, form.mac1),
                    draft));
        }
        return draft;
    }

    private Map<InetAddress, String> taken(String name) {
        Map<InetAddress, String> taken = new LinkedHashMap<>();
        for (Views.GroupView group :
                session.await(session.operations().status()).groups()) {
            if (!group.definition().name().equals(name)) {
                for (FailoverInterface slot : group.definition().interfaces()) {
                    slot.addresses()
                            .forEach(a ->
                                    taken.put(a.address(), group.definition().name()));
                }
            }
        }
        return taken;
    }

    private void refuseIfMissing(@Nullable String name, GroupForm form) {
        List<String> missing = new ArrayList<>();
        if (name == null) {
            missing.add("NAME");
        }
        if (form.members.isEmpty()) {
            missing.add("--member (two or more)");
        }
        if (form.nics.isEmpty()) {
            missing.add("--nic (one for each member)");
        }
        if (form.addresses.isEmpty()) {
            missing.add("--address");
        }
        if (form.hasSecond() && (form.nics1.isEmpty() || form.addresses1.isEmpty())) {
            missing.add("--fo1-nic and --fo1-address");
        }
        if (!canAsk && !missing.isEmpty()) {
            throw new Session.Usage(
                    "missing: " + String.join(", ", missing) + ". On a terminal they would be asked for");
        }
    }

    /** Only for somebody who is being led anyway: who typed all of the first interface means one. */
    private boolean wantsSecond(GroupForm form) {
        return (form.nics.isEmpty() || form.addresses.isEmpty())
                && session.ask("a second failover interface? yes or no", "no", answer -> {
                    return switch (answer.toLowerCase(Locale.ROOT)) {
                        case "y", "yes" -> true;
                        case "n", "no" -> false;
                        default -> throw new Invalid("answer", answer, "yes or no");
                    };
                });
    }

    private Terms terms(GroupForm form) {
        boolean led = askAll && (form.nics.isEmpty() || form.addresses.isEmpty());
        Optional<Lease> lease = form.lease != null
                ? Optional.of(new Lease(form.lease))
                : led
                        ? session.ask("isolation lease, in seconds, or none", "none", GroupWizard::lease)
                        : Optional.empty();
        return new Terms(witnesses(form, led), lease);
    }

    /** Asked for only where there is an agent that does nothing else. */
    private List<String> witnesses(GroupForm form, boolean led) {
        List<String> onlyVote = session.operations().witnesses();
        List<String> known = new ArrayList<>(session.operations().appliances());
        known.addAll(onlyVote);
        if (!form.witnesses.isEmpty() || !led || onlyVote.isEmpty()) {
            return GroupDraft.witnesses(form.witnesses, known);
        }
        return session.ask(
                "witnesses, or none",
                String.join(" ", onlyVote),
                text -> text.equals("none") ? List.of() : GroupDraft.witnesses(split(text), known));
    }

    /** {@code off} is an answer, too. */
    static Optional<Lease> leaseOrOff(String text) {
        return lease(text.equalsIgnoreCase("off") ? "none" : text);
    }

    private static Optional<Lease> lease(String answer) {
        if (answer.equalsIgnoreCase("none")) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Lease(Integer.parseInt(answer)));
        } catch (NumberFormatException e) {
            throw new Invalid("lease", answer, "a number of seconds, or none");
        }
    }

    private String home(@Nullable String given, List<String> members) {
        if (given != null) {
            return Names.name("home", given);
        }
        if (!askAll) {
            return members.get(0);
        }
        return session.ask("home, the member that it belongs to when all is well", members.get(0), h -> {
            if (!members.contains(h)) {
                throw new Invalid("home", h, "one of " + String.join(", ", members));
            }
            return h;
        });
    }

    private FailoverInterface slot(Slot slot, GroupDraft draft) {
        Map<String, Nic> nics = new LinkedHashMap<>(GroupDraft.nics(slot.nics()));
        for (String member : draft.members()) {
            if (!nics.containsKey(member) && canAsk) {
                nics.put(
                        member,
                        session.ask(
                                "NIC of " + member + " for " + slot.name() + " (DEVICE, or DEVICE,spare)",
                                likely(member, draft.surveys(), nics),
                                text -> draft.nic(member, GroupDraft.nic(text))));
            }
        }
        List<Cidr> addresses = addresses(slot);
        List<InetAddress> gateways = gateways(slot, addresses);
        return new FailoverInterface(
                slot.name(),
                addresses,
                GroupDraft.mac(mac(slot), draft.name(), slot.name(), draft.members()),
                gateways,
                slot.routes().stream().map(GroupDraft::route).toList(),
                nics);
    }

    /** The device that another member uses too, if it is there; else a free one with carrier; else one with carrier. */
    private static String likely(String member, List<Views.SurveyView> surveys, Map<String, Nic> chosen) {
        List<Views.NicView> there = surveys.stream()
                .filter(s -> s.appliance().equals(member))
                .flatMap(s -> s.nics().stream())
                .toList();
        for (Nic nic : chosen.values()) {
            for (Views.NicView found : there) {
                boolean fits = nic.use() == Nic.Use.SHARED || found.use().equals("free");
                if (found.device().equals(nic.device()) && fits) {
                    return nic.device() + (nic.use() == Nic.Use.SPARE ? ",spare" : "");
                }
            }
        }
        return there.stream()
                .filter(n -> n.carrier() && n.use().equals("free"))
                .map(n -> n.device() + ",spare")
                .findFirst()
                .or(() -> there.stream()
                        .filter(Views.NicView::carrier)
                        .map(Views.NicView::device)
                        .findFirst())
                .orElse("");
    }

    private List<Cidr> addresses(Slot slot) {
        if (slot.addresses().isEmpty()) {
            return session.ask(
                    "failover address of " + slot.name() + " with prefix or mask (10.77.0.100/24)", "", this::typed);
        }
        List<Cidr> addresses = new ArrayList<>();
        for (String text : slot.addresses()) {
            addresses.add(text.contains("/") ? Cidr.parse(text) : Cidr.of(text, mask(slot, text)));
        }
        return addresses;
    }

    private List<Cidr> typed(String text) {
        List<Cidr> addresses = new ArrayList<>();
        for (String one : split(text)) {
            int slash = one.indexOf('/');
            addresses.add(GroupDraft.address(
                    slash < 0
                            ? Cidr.of(Cidr.literal("address", one).getHostAddress(), askMask(one))
                            : Cidr.of(one.substring(0, slash), one.substring(slash + 1))));
        }
        return addresses;
    }

    private String mask(Slot slot, String address) {
        if (slot.mask() != null) {
            return slot.mask();
        }
        if (!canAsk) {
            throw new Invalid("address", address, "a prefix, such as " + address + "/24, or " + slot.option("mask"));
        }
        Cidr.literal("address", address);
        return askMask(address);
    }

    private String askMask(String address) {
        String usual = address.contains(":") ? "64" : "255.255.255.0";
        return session.ask("mask of " + address, usual, mask -> {
            Cidr.of(address, mask);
            return mask;
        });
    }

    private List<InetAddress> gateways(Slot slot, List<Cidr> addresses) {
        if (slot.gateways() != null) {
            return slot.gateways().stream().map(g -> Cidr.literal("gateway", g)).toList();
        }
        if (!askAll || !slot.addresses().isEmpty()) {
            return List.of();
        }
        return session.ask("gateway of " + slot.name() + " (none, or its address)", "none", text -> {
            if (text.equals("none")) {
                return List.of();
            }
            List<InetAddress> gateways = new ArrayList<>();
            for (String one : split(text)) {
                gateways.add(GroupDraft.gateway(Cidr.literal("gateway", one), addresses));
            }
            return gateways;
        });
    }

    private String mac(Slot slot) {
        if (slot.mac() != null && !slot.mac().isEmpty()) {
            return slot.mac();
        }
        boolean bare = slot.mac() != null;
        if (bare && !canAsk) {
            throw new Session.Usage(slot.option("mac") + " lacks its value: expected a MAC, auto or none");
        }
        if (!bare && (!askAll || !slot.addresses().isEmpty())) {
            return "auto";
        }
        return session.ask("failover MAC of " + slot.name() + " (auto, none, or six octets)", "auto", text -> {
            GroupDraft.mac(text, "g", slot.name(), List.of());
            return text;
        });
    }

    private static List<String> split(String text) {
        return List.of(text.split("[ ,]+", -1));
    }
}
