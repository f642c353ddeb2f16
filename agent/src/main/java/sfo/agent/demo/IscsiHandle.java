package sfo.agent.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A disk of an iSCSI target. */
final class IscsiHandle extends QemuHandle {
    private final String url;

    IscsiHandle(Sandbox client, String url, Path files, boolean flushes) {
        super("iSCSI, disk in use since before", client, url, files, flushes);
        this.url = url;
    }

    @Override
    byte[] readAll() throws IOException {
        return copied(List.of("qemu-img", "convert", "-f", "raw", "-O", "raw", url));
    }
}
