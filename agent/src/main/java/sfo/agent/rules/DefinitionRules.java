package sfo.agent.rules;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import sfo.protocol.control.Requests;
import sfo.protocol.control.Views;
import sfo.protocol.model.FailoverInterface;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.MacChoice;
import sfo.protocol.model.Nic;
import sfo.protocol.model.Share;
import sfo.protocol.model.Terms;
import sfo.protocol.model.Volume;
import sfo.protocol.plan.Resource;

/** Which definitions of groups make sense, and how they change. A change that does not is an {@link Invalid}. */
public final class DefinitionRules {
    private static final int FIRST_PORT = 10_809;

    private DefinitionRules() {}

    /** What speaks against a new group: silent members, missing NICs and tools. */
    public static List<String> flaws(GroupDefinition group, List<Views.SurveyView> surveys) {
        List<String> flaws = new ArrayList<>();
        for (String member : group.members()) {
            surveys.stream()
                    .filter(s -> s.appliance().equals(member))
                    .findFirst()
                    .ifPresentOrElse(s -> flaws.addAll(flaws(group, s)), () -> silent(member, surveys, flaws));
        }
        group.witnesses().forEach(witness -> silent(witness, surveys, flaws));
        surveys.forEach(survey -> strangers(group, survey, flaws));
        if (!group.witnesses().isEmpty()) {
            surveys.forEach(survey -> older(survey, flaws));
        }
        return flaws;
    }

    /** An older agent names no peers; it would count votes by the members alone. */
    private static void older(Views.SurveyView survey, List<String> flaws) {
        if (survey.peers().isEmpty()) {
            flaws.add("the agent of " + survey.appliance() + " is older than these terms: upgrade it first");
        }
    }

    private static void silent(String appliance, List<Views.SurveyView> surveys, List<String> flaws) {
        if (surveys.stream().noneMatch(s -> s.appliance().equals(appliance))) {
            flaws.add(appliance + " does not answer: is its agent running?");
        }
    }

    /** Those who vote talk to one another. */
    private static void strangers(GroupDefinition group, Views.SurveyView survey, List<String> flaws) {
        for (String voter : group.voters()) {
            boolean known = survey.peers().isEmpty()
                    || survey.peers().contains(voter)
                    || survey.appliance().equals(voter);
            if (!known) {
                flaws.add(survey.appliance() + " does not know " + voter + ": name it in sfo.peers of its settings");
            }
        }
    }

    private static List<String> flaws(GroupDefinition group, Views.SurveyView survey) {
        List<String> flaws = new ArrayList<>();
        if (survey.witness()) {
            flaws.add(survey.appliance() + " only votes: name it with --witness instead of --member");
            return flaws;
        }
        for (FailoverInterface slot : group.interfaces()) {
            Nic nic = slot.nics().get(survey.appliance());
            if (nic == null) {
                flaws.add("no NIC of " + survey.appliance() + " is named for " + slot.slot());
                continue;
            }
            survey.nics().stream()
                    .filter(n -> n.device().equals(nic.device()))
                    .findFirst()
                    .ifPresentOrElse(
                            n -> {
                                if (nic.use() == Nic.Use.SPARE && !n.use().equals("free")) {
                                    flaws.add("NIC " + nic.device() + " of " + survey.appliance()
                                            + " can't be a spare one: " + n.use());
                                }
                            },
                            () -> flaws.add("no NIC \"" + nic.device() + "\" on " + survey.appliance()
                                    + ": expected one of "
                                    + survey.nics().stream()
                                            .map(Views.NicView::device)
                                            .collect(Collectors.joining(", "))));
        }
        flaws.addAll(lacks(group, survey));
        return flaws;
    }

    /** What an appliance lacks for what travels with this group, each once. */
    public static List<String> lacks(GroupDefinition group, Views.SurveyView survey) {
        return lacks(survey, adapter -> uses(group, adapter));
    }

    private static List<String> lacks(Views.SurveyView survey, Predicate<String> adapters) {
        return survey.plugins().stream()
                .filter(plugin -> adapters.test(plugin.name()))
                .flatMap(plugin -> plugin.lacks().stream())
                .map(lack -> survey.appliance() + " lacks " + lack)
                .distinct()
                .toList();
    }

    /**
     * Whether there is anything in this group for that adapter; what every group may want next is in each.
     *
     * @param adapter the name of its kind of resource
     */
    public static boolean uses(GroupDefinition group, String adapter) {
        if (isForLease(adapter)) {
            return group.lease().isPresent();
        }
        return !adapter.equals(Resource.IscsiServer.class.getSimpleName())
                || !group.targets().isEmpty();
    }

    private static boolean isForLease(String adapter) {
        return adapter.equals(Resource.IsolationLease.class.getSimpleName());
    }

    public static GroupDefinition withMac(GroupDefinition d, String slot, MacChoice mac) {
        if (d.interfaces().stream().noneMatch(i -> i.slot().equals(slot))) {
            throw new Invalid("interface", slot, "one of " + slots(d));
        }
        List<FailoverInterface> interfaces = d.interfaces().stream()
                .map(i -> i.slot().equals(slot)
                        ? new FailoverInterface(i.slot(), i.addresses(), mac, i.gateways(), i.routes(), i.nics())
                        : i)
                .toList();
        return d.withInterfaces(interfaces);
    }

    /** On its way to what is asked for. */
    public static GroupDefinition withTerms(GroupDefinition d, Requests.TermsChange c) {
        Set<String> witnesses = new TreeSet<>(d.witnesses());
        for (String more : c.more()) {
            if (d.members().contains(more)) {
                throw new Invalid("witness", more, "another appliance than the members, who vote anyway");
            }
            witnesses.add(more);
        }
        for (String fewer : c.fewer()) {
            if (!witnesses.remove(fewer)) {
                throw new Invalid(
                        "witness",
                        fewer,
                        d.witnesses().isEmpty()
                                ? "a witness of group " + d.name() + "; it has none"
                                : "one of " + String.join(", ", d.witnesses()));
            }
        }
        return d.towards(new Terms(List.copyOf(witnesses), c.lease().orElse(d.lease())));
    }

    /**
     * What speaks against changed terms: new witnesses that are silent or not known, agents too old to know of terms, tools for
     * a lease. Who is to vote no more is not asked.
     */
    public static List<String> flawsOfTerms(
            GroupDefinition before, GroupDefinition after, List<Views.SurveyView> surveys) {
        List<String> flaws = new ArrayList<>();
        after.witnesses().stream()
                .filter(witness -> !before.voters().contains(witness))
                .forEach(witness -> silent(witness, surveys, flaws));
        for (Views.SurveyView survey : surveys) {
            older(survey, flaws);
            if (after.members().contains(survey.appliance()) && after.lease().isPresent()) {
                flaws.addAll(lacks(survey, DefinitionRules::isForLease));
            }
            strangers(after.on(after.terms()), survey, flaws);
        }
        return flaws;
    }

    private static String slots(GroupDefinition d) {
        return d.interfaces().stream().map(FailoverInterface::slot).collect(Collectors.joining(", "));
    }

    public static GroupDefinition withShare(GroupDefinition d, Requests.NewShare n) {
        if (d.volume(n.volume()).isEmpty()) {
            throw new Invalid(
                    "volume",
                    n.volume(),
                    d.volumes().isEmpty()
                            ? "a volume of group " + d.name() + "; it has none yet: sfo cdp create"
                            : "one of " + d.volumes().stream().map(Volume::name).collect(Collectors.joining(", ")));
        }
        if (find(d, n.protocol(), n.name()) >= 0) {
            throw new Invalid(n.protocol() + " share", n.name(), "a name that is free");
        }
        int id = d.shares().stream().mapToInt(Share::id).max().orElse(0) + 1;
        List<Share> shares = new ArrayList<>(d.shares());
        shares.add(new Share(
                n.name(), n.protocol(), n.volume(), n.path(), n.readOnly(), n.guest(), n.clients(), id, n.options()));
        return d.withShares(List.copyOf(shares));
    }

    public static GroupDefinition withChanged(GroupDefinition d, Requests.ShareChange c) {
        int at = need(d, c.protocol(), c.name());
        Share s = d.shares().get(at);
        Map<String, String> options = new HashMap<>(s.options());
        options.putAll(c.options());
        options.values().removeIf(String::isEmpty);
        List<Share> shares = new ArrayList<>(d.shares());
        shares.set(
                at,
                new Share(
                        s.name(),
                        s.protocol(),
                        s.volume(),
                        s.path(),
                        c.readOnly().orElse(s.readOnly()),
                        c.guest().orElse(s.guest()),
                        c.clients().orElse(s.clients()),
                        s.id(),
                        options));
        return d.withShares(List.copyOf(shares));
    }

    public static GroupDefinition withoutShare(GroupDefinition d, Share.Protocol protocol, String name) {
        List<Share> shares = new ArrayList<>(d.shares());
        shares.remove(need(d, protocol, name));
        return d.withShares(List.copyOf(shares));
    }

    private static int need(GroupDefinition d, Share.Protocol protocol, String name) {
        int at = find(d, protocol, name);
        if (at < 0) {
            throw new Invalid(
                    protocol + " share",
                    name,
                    "one of "
                            + d.shares().stream()
                                    .filter(s -> s.protocol() == protocol)
                                    .map(Share::name)
                                    .collect(Collectors.joining(", ", "\"", "\"")));
        }
        return at;
    }

    private static int find(GroupDefinition d, Share.Protocol protocol, String name) {
        for (int i = 0; i < d.shares().size(); i++) {
            Share share = d.shares().get(i);
            // SMB knows no case
            if (share.protocol() == protocol && share.name().equalsIgnoreCase(name)) {
                return i;
            }
        }
        return -1;
    }

    /** The new volume as it will be: backing and port where none is given. */
    public static Volume volume(GroupDefinition d, Requests.NewVolume n) {
        if (d.volume(n.name()).isPresent()) {
            throw new Invalid("volume", n.name(), "a name that is free in group " + d.name());
        }
        Map<String, String> backing = new HashMap<>();
        for (String member : d.members()) {
            backing.put(member, n.backing().getOrDefault(member, ""));
        }
        for (String named : n.backing().keySet()) {
            if (!d.members().contains(named)) {
                throw new Invalid("backing of", named, "a member: one of " + String.join(", ", d.members()));
            }
        }
        int port = d.volumes().stream().mapToInt(Volume::port).max().orElse(FIRST_PORT - 1) + 1;
        return new Volume(n.name(), n.bytes(), n.fileSystem(), n.mode(), n.onLinkLoss(), port, backing);
    }

    public static GroupDefinition withVolume(GroupDefinition d, Volume volume) {
        List<Volume> volumes = new ArrayList<>(d.volumes());
        volumes.add(volume);
        return d.withVolumes(List.copyOf(volumes));
    }

    public static GroupDefinition withoutVolume(GroupDefinition d, String volume) {
        List<String> shares = d.shares().stream()
                .filter(s -> s.volume().equals(volume))
                .map(s -> s.protocol() + " " + s.name())
                .toList();
        if (!shares.isEmpty()) {
            throw new Invalid("volume", volume, "one without shares; it has " + String.join(", ", shares));
        }
        List<String> targets = d.targets().stream()
                .filter(t -> t.luns().stream().anyMatch(l -> l.volume().equals(volume)))
                .map(IscsiTarget::name)
                .toList();
        if (!targets.isEmpty()) {
            throw new Invalid("volume", volume, "one without disks of targets; it has " + String.join(", ", targets));
        }
        return d.withVolumes(
                d.volumes().stream().filter(v -> !v.name().equals(volume)).toList());
    }
}
