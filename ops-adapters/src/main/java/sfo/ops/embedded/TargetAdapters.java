package sfo.ops.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import sfo.ops.api.Adapter;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.ops.faults.Faults;
import sfo.protocol.json.Json;
import sfo.protocol.model.IscsiTarget;
import sfo.protocol.model.Lun;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** A group's iSCSI server is a file in its group host that lists its targets. Facts: that list. */
final class TargetAdapters {
    /** @param mounts by volume name, where it is mounted */
    record Server(List<IscsiTarget> targets, Map<String, String> mounts) {
        Server {
            targets = targets.stream()
                    .sorted(Comparator.comparing(IscsiTarget::name))
                    .toList();
            mounts = new TreeMap<>(mounts);
        }
    }

    private final EmbeddedHost host;

    TargetAdapters(EmbeddedHost host) {
        this.host = host;
    }

    List<Adapter<? extends Resource>> all() {
        Faults faults = host.faults();
        return List.of(faults.around(server()), faults.around(answering()));
    }

    private static Path file(World world, String appliance, String group) {
        return NetworkAdapters.groupHost(world, appliance, group).resolve("iscsi");
    }

    private Path file(String group) {
        return file(host.world(), host.appliance(), group);
    }

    /** The volume that a LUN lies on, as the group's server on {@code appliance} serves it now; empty if it does not. */
    static Optional<VolumeId> volume(World world, String appliance, String group, String iqn, Lun lun)
            throws IOException {
        Optional<Server> server = Disk.read(file(world, appliance, group), Server.class);
        boolean served = server.stream()
                .flatMap(s -> s.targets().stream())
                .anyMatch(t -> t.iqn().equals(iqn) && t.luns().contains(lun));
        return served
                ? FileSystems.at(world, appliance, server.get().mounts().getOrDefault(lun.volume(), ""))
                : Optional.empty();
    }

    private void serve(String group, Server server) throws IOException {
        if (!Files.isDirectory(NetworkAdapters.groupHost(host.world(), host.appliance(), group))) {
            throw new IOException("group host " + group + " is not there on " + host.appliance());
        }
        for (IscsiTarget target : server.targets()) {
            for (Lun lun : target.luns()) {
                String mountPoint = server.mounts().getOrDefault(lun.volume(), "");
                VolumeId id = FileSystems.at(host.world(), host.appliance(), mountPoint)
                        .orElseThrow(() -> new IOException("target " + target.name() + ": volume " + lun.volume()
                                + " is not mounted at \"" + mountPoint + "\" on " + host.appliance()));
                if (host.volumes().running(id).role() != Role.PRIMARY) {
                    throw new IOException("target " + target.name() + ": " + id + " is not primary here");
                }
                EmbeddedLuns.need(Volumes.inside(host.volumes().data(id), lun.path()), lun);
            }
        }
        Disk.write(file(group), server);
    }

    private Adapter<Resource.IscsiServer> server() {
        return new Simple<>(Resource.IscsiServer.class, host) {
            @Override
            Facts look(Resource.IscsiServer r) throws IOException {
                return Disk.read(file(r.group()), Server.class)
                        .map(server -> Facts.of("server", Json.text(server)))
                        .orElse(Facts.NOTHING);
            }

            @Override
            public boolean holds(Resource.IscsiServer r, Facts facts) {
                return facts.get("server").equals(Json.text(new Server(r.targets(), r.mounts())));
            }

            @Override
            void make(Resource.IscsiServer r) throws IOException {
                serve(r.group(), new Server(r.targets(), r.mounts()));
            }

            @Override
            void putBack(Resource.IscsiServer r, Facts before) throws IOException {
                if (before.isNothing()) {
                    Files.deleteIfExists(file(r.group()));
                } else {
                    serve(r.group(), Json.read(before.get("server"), Server.class));
                }
            }
        };
    }

    /** Facts: {@code silent}, the LUNs that do not answer; nothing if all do. */
    private Adapter<Resource.AnsweringTargets> answering() {
        return new Simple<>(Resource.AnsweringTargets.class, host) {
            @Override
            Facts look(Resource.AnsweringTargets r) throws IOException {
                List<String> silent = new ArrayList<>();
                for (IscsiTarget target : r.targets()) {
                    for (Lun lun : target.luns()) {
                        Optional<VolumeId> volume =
                                volume(host.world(), host.appliance(), r.group(), target.iqn(), lun);
                        if (volume.isEmpty()
                                || !Files.exists(Volumes.inside(host.volumes().data(volume.get()), lun.path()))) {
                            silent.add(target.name() + " LUN " + lun.number());
                        }
                    }
                }
                return silent.isEmpty() ? Facts.NOTHING : Facts.of("silent", String.join(", ", silent));
            }

            @Override
            public boolean holds(Resource.AnsweringTargets r, Facts facts) {
                return facts.isNothing();
            }

            @Override
            void make(Resource.AnsweringTargets r) throws IOException {
                Facts facts = look(r);
                if (!facts.isNothing()) {
                    throw new IOException(
                            "no answer inside the group host from " + facts.get("silent") + " on " + host.appliance());
                }
            }

            @Override
            void putBack(Resource.AnsweringTargets r, Facts before) {
                // it only asks
            }
        };
    }
}
