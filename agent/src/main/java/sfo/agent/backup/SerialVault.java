package sfo.agent.backup;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import sfo.agent.rules.BadBackup;

/** The way of actors to the {@link BackupVault}: one piece of work at a time, in order, on threads that may wait. */
final class SerialVault {
    private final Executor blocking;
    private final Opening opening;
    /** Touched by the work alone, which runs one after the other. */
    private @Nullable BackupVault vault;

    private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

    interface Opening {
        BackupVault open() throws IOException;
    }

    interface Work<T> {
        T on(BackupVault vault) throws IOException, BadBackup;
    }

    SerialVault(Executor blocking, Opening opening) {
        this.blocking = blocking;
        this.opening = opening;
    }

    /** Fails with what the work threw; a vault that can't be opened is tried again each time. */
    synchronized <T> CompletionStage<T> ask(Work<T> work) {
        CompletableFuture<T> next = last.handleAsync((done, failed) -> run(work), blocking);
        last = next;
        return next;
    }

    /** What to tell an operator about a failure of {@link #ask}. */
    static String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause.getMessage() == null || !(cause instanceof IOException || cause instanceof BadBackup)
                ? cause.toString()
                : cause.getMessage();
    }

    private <T> T run(Work<T> work) {
        try {
            BackupVault open = vault;
            if (open == null) {
                open = opening.open();
                vault = open;
            }
            return work.on(open);
        } catch (IOException | BadBackup e) {
            throw new CompletionException(e);
        }
    }
}
