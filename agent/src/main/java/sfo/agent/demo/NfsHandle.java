package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A file of an NFSv3 export. */
final class NfsHandle extends QemuHandle {
    private static final String SIZE = "32M";

    private final Sandbox client;
    private final String url;

    NfsHandle(Sandbox client, String url, Path files) {
        super("NFS, file open since before", client, url, files, true);
        this.client = client;
        this.url = url;
    }

    @Override
    void open() throws IOException {
        client.need(List.of("qemu-img", "create", "-q", "-f", "raw", url, SIZE), "");
        super.open();
    }

    @Override
    byte[] readAll() throws IOException {
        return copied(List.of("nfs-cp", url));
    }
}
