package sfo.ops.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import sfo.ops.api.Adapter;
import sfo.ops.embedded.Volumes.VolumeId;
import sfo.ops.faults.Faults;
import sfo.protocol.json.Json;
import sfo.protocol.model.MirrorState.Role;
import sfo.protocol.model.Share;
import sfo.protocol.model.Share.Protocol;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/** A group's server is a file in its group host that lists what it serves. Facts: that list. */
final class ServerAdapters {
    /** @param mounts by volume name, where it is mounted */
    record Server(List<Share> shares, Map<String, String> mounts, String state) {
        Server {
            shares = shares.stream().sorted(Comparator.comparing(Share::name)).toList();
            mounts = new TreeMap<>(mounts);
        }
    }

    /** Where a share's content is. */
    record Served(Share share, VolumeId volume, String folder) {}

    private final EmbeddedHost host;

    ServerAdapters(EmbeddedHost host) {
        this.host = host;
    }

    List<Adapter<? extends Resource>> all() {
        Faults faults = host.faults();
        return List.of(faults.around(smb()), faults.around(nfs()), faults.around(answering()));
    }

    private static Path file(World world, String appliance, String group, Protocol protocol) {
        return NetworkAdapters.groupHost(world, appliance, group)
                .resolve(protocol.name().toLowerCase(Locale.ROOT));
    }

    /** The share as the group's server on {@code appliance} serves it now; empty if it does not. */
    static Optional<Served> served(World world, String appliance, String group, Protocol protocol, String name)
            throws IOException {
        Optional<Server> server = Disk.read(file(world, appliance, group, protocol), Server.class);
        if (server.isEmpty()) {
            return Optional.empty();
        }
        for (Share share : server.get().shares()) {
            if (share.name().equals(name)) {
                String mountPoint = server.get().mounts().getOrDefault(share.volume(), "");
                Optional<VolumeId> volume = FileSystems.at(world, appliance, mountPoint);
                return volume.map(id -> new Served(share, id, share.path().isEmpty() ? "data" : share.path()));
            }
        }
        return Optional.empty();
    }

    private Path folderOf(Served served) throws IOException {
        return Volumes.inside(host.volumes().data(served.volume()), served.folder());
    }

    private Facts look(String group, Protocol protocol) throws IOException {
        return Disk.read(file(host.world(), host.appliance(), group, protocol), Server.class)
                .map(server -> Facts.of("server", Json.text(server)))
                .orElse(Facts.NOTHING);
    }

    private void serve(String group, Protocol protocol, Server server) throws IOException {
        if (!Files.isDirectory(NetworkAdapters.groupHost(host.world(), host.appliance(), group))) {
            throw new IOException("group host " + group + " is not there on " + host.appliance());
        }
        for (Share share : server.shares()) {
            String mountPoint = server.mounts().getOrDefault(share.volume(), "");
            if (share.protocol() != protocol) {
                throw new IOException("share " + share.name() + " is " + share.protocol() + ", not " + protocol);
            }
            VolumeId id = FileSystems.at(host.world(), host.appliance(), mountPoint)
                    .orElseThrow(() -> new IOException("share " + share.name() + ": volume " + share.volume()
                            + " is not mounted at \"" + mountPoint + "\" on " + host.appliance()));
            if (host.volumes().running(id).role() != Role.PRIMARY) {
                throw new IOException("share " + share.name() + ": " + id + " is not primary here");
            }
        }
        Disk.write(file(host.world(), host.appliance(), group, protocol), server);
        for (Share share : server.shares()) {
            Optional<Served> served = served(host.world(), host.appliance(), group, protocol, share.name());
            if (served.isPresent()) {
                Files.createDirectories(folderOf(served.get()));
            }
        }
    }

    private void putBack(String group, Protocol protocol, Facts before) throws IOException {
        if (before.isNothing()) {
            Files.deleteIfExists(file(host.world(), host.appliance(), group, protocol));
        } else {
            serve(group, protocol, Json.read(before.get("server"), Server.class));
        }
    }

    private Adapter<Resource.SmbServer> smb() {
        return new Simple<>(Resource.SmbServer.class, host) {
            @Override
            Facts look(Resource.SmbServer r) throws IOException {
                return ServerAdapters.this.look(r.group(), Protocol.SMB);
            }

            @Override
            public boolean holds(Resource.SmbServer r, Facts facts) {
                return facts.get("server").equals(Json.text(new Server(r.shares(), r.mounts(), r.state())));
            }

            @Override
            void make(Resource.SmbServer r) throws IOException {
                serve(r.group(), Protocol.SMB, new Server(r.shares(), r.mounts(), r.state()));
            }

            @Override
            void putBack(Resource.SmbServer r, Facts before) throws IOException {
                ServerAdapters.this.putBack(r.group(), Protocol.SMB, before);
            }
        };
    }

    private Adapter<Resource.NfsServer> nfs() {
        return new Simple<>(Resource.NfsServer.class, host) {
            @Override
            Facts look(Resource.NfsServer r) throws IOException {
                return ServerAdapters.this.look(r.group(), Protocol.NFS);
            }

            @Override
            public boolean holds(Resource.NfsServer r, Facts facts) {
                return facts.get("server").equals(Json.text(new Server(r.shares(), r.mounts(), r.state())));
            }

            @Override
            void make(Resource.NfsServer r) throws IOException {
                serve(r.group(), Protocol.NFS, new Server(r.shares(), r.mounts(), r.state()));
            }

            @Override
            void putBack(Resource.NfsServer r, Facts before) throws IOException {
                ServerAdapters.this.putBack(r.group(), Protocol.NFS, before);
            }
        };
    }

    /** Facts: {@code silent}, the shares that do not answer; nothing if all do. */
    private Adapter<Resource.AnsweringShares> answering() {
        return new Simple<>(Resource.AnsweringShares.class, host) {
            @Override
            Facts look(Resource.AnsweringShares r) throws IOException {
                List<String> silent = new ArrayList<>();
                for (Share share : r.shares()) {
                    Optional<Served> served =
                            served(host.world(), host.appliance(), r.group(), share.protocol(), share.name());
                    if (served.isEmpty() || !Files.isDirectory(folderOf(served.get()))) {
                        silent.add(share.protocol() + " " + share.name());
                    }
                }
                return silent.isEmpty() ? Facts.NOTHING : Facts.of("silent", String.join(", ", silent));
            }

            @Override
            public boolean holds(Resource.AnsweringShares r, Facts facts) {
                return facts.isNothing();
            }

            @Override
            void make(Resource.AnsweringShares r) throws IOException {
                Facts facts = look(r);
                if (!facts.isNothing()) {
                    throw new IOException(
                            "no answer inside the group host from " + facts.get("silent") + " on " + host.appliance());
                }
            }

            @Override
            void putBack(Resource.AnsweringShares r, Facts before) {
                // it only asks
            }
        };
    }
}
