package sfo.agent.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import sfo.protocol.control.Requests;
import sfo.protocol.model.GroupDefinition;
import sfo.protocol.model.Invalid;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;
import sfo.protocol.model.Volume;

/** Which iSCSI targets make sense in a group, and how they change. A change that does not is an {@link Invalid}. */
public final class TargetRules {
    private TargetRules() {}

    /**
     * The new target as it will be.
     *
     * @param serials each time another one, unlike that of any other disk anywhere
     */
    public static IscsiTarget made(GroupDefinition d, Requests.NewTarget n, Supplier<String> serials) {
        if (n.luns().isEmpty()) {
            throw new Invalid("size", "", "one for each disk of target " + n.name());
        }
        int id = d.targets().stream().mapToInt(IscsiTarget::id).max().orElse(0) + 1;
        IscsiTarget target = new IscsiTarget(
                n.name(),
                n.iqn().orElseGet(() -> IscsiTarget.iqn(d.name(), n.name())),
                id,
                added(d, n.name(), List.of(), n.luns(), serials),
                n.initiators(),
                n.clients());
        free(d, target);
        return target;
    }

    /** The target as it will be. LUNs keep their numbers. */
    public static IscsiTarget changed(GroupDefinition d, Requests.TargetChange c, Supplier<String> serials) {
        IscsiTarget was = need(d, c.name());
        for (int number : c.removed()) {
            if (was.luns().stream().noneMatch(l -> l.number() == number)) {
                throw new Invalid("LUN", number, "one of " + numbers(was));
            }
        }
        List<Lun> kept = was.luns().stream()
                .filter(l -> !c.removed().contains(l.number()))
                .toList();
        List<Lun> luns = added(d, was.name(), kept, c.added(), serials);
        if (luns.isEmpty()) {
            throw new Invalid("LUN", numbers(was), "at least one that stays; to take them all: sfo target destroy");
        }
        return new IscsiTarget(
                was.name(),
                was.iqn(),
                was.id(),
                luns,
                c.initiators().orElse(was.initiators()),
                c.clients().orElse(was.clients()));
    }

    private static List<Lun> added(
            GroupDefinition d, String target, List<Lun> kept, List<Requests.NewLun> added, Supplier<String> serials) {
        List<Lun> luns = new ArrayList<>(kept);
        for (Requests.NewLun lun : added) {
            if (d.volume(lun.volume()).isEmpty()) {
                throw new Invalid(
                        "volume",
                        lun.volume(),
                        d.volumes().isEmpty()
                                ? "a volume of group " + d.name() + "; it has none yet: sfo cdp create"
                                : "one of "
                                        + d.volumes().stream().map(Volume::name).collect(Collectors.joining(", ")));
            }
            int number = luns.stream().mapToInt(Lun::number).max().orElse(0) + 1;
            String path = "luns/" + target + "-" + number;
            luns.add(new Lun(number, lun.volume(), path, lun.bytes(), serials.get()));
        }
        return List.copyOf(luns);
    }

    private static void free(GroupDefinition d, IscsiTarget target) {
        for (IscsiTarget other : d.targets()) {
            if (other.name().equals(target.name())) {
                throw new Invalid("target", target.name(), "a name that group " + d.name() + " does not have yet");
            }
            if (other.iqn().equals(target.iqn())) {
                throw new Invalid(
                        "IQN", target.iqn(), "one that is not target " + other.name() + "'s; give another: --iqn");
            }
            if (other.id() == target.id()) {
                throw meanwhile(target.name());
            }
        }
    }

    private static Invalid meanwhile(String target) {
        return new Invalid("target", target, "a group that nobody else changes meanwhile; type it again");
    }

    public static GroupDefinition with(GroupDefinition d, IscsiTarget made) {
        free(d, made);
        List<IscsiTarget> targets = new ArrayList<>(d.targets());
        targets.add(made);
        return d.withTargets(List.copyOf(targets));
    }

    /** @param was what {@code now} was made of */
    public static GroupDefinition with(GroupDefinition d, IscsiTarget was, IscsiTarget now) {
        if (!d.targets().contains(was)) {
            throw meanwhile(was.name());
        }
        return d.withTargets(
                d.targets().stream().map(t -> t.equals(was) ? now : t).toList());
    }

    public static GroupDefinition without(GroupDefinition d, String name) {
        IscsiTarget gone = need(d, name);
        return d.withTargets(d.targets().stream().filter(t -> !t.equals(gone)).toList());
    }

    public static IscsiTarget need(GroupDefinition d, String name) {
        return d.targets().stream()
                .filter(t -> t.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new Invalid(
                        "target",
                        name,
                        d.targets().isEmpty()
                                ? "a target of group " + d.name() + "; it has none yet: sfo target create"
                                : "one of "
                                        + d.targets().stream()
                                                .map(IscsiTarget::name)
                                                .collect(Collectors.joining(", "))));
    }

    private static String numbers(IscsiTarget target) {
        return target.luns().stream().map(l -> String.valueOf(l.number())).collect(Collectors.joining(", "));
    }
}
