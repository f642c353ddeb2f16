package sfo.ops.api;

import java.util.List;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/**
 * Makes one kind of thing true on this host. All methods block, end within the call's deadline, and are idempotent; they
 * are called on a dispatcher for blocking work, several at once for different resources, never twice at once for one.
 */
public interface Adapter<R extends Resource> {
    Class<R> kind();

    /** What this host lacks for it: missing tools (with the package), rights, kernel features. Empty if it can work. */
    List<Lack> lacks();

    /**
     * What is true now. Changes nothing. The outcome of two calls is equal if nothing changed between them: no times,
     * no counters, no process ids.
     */
    Facts inspect(R resource, Call call) throws HostException;

    /** Whether {@code facts}, as {@link #inspect} found them, are what {@link #apply} brings about. */
    boolean holds(R resource, Facts facts);

    /** Makes it so, from whatever is true before, also after an earlier apply that was cut off anywhere. */
    void apply(R resource, Call call) throws HostException;

    /** Puts back what {@code before} says (an {@link #inspect} from before the first apply), from whatever is true now. */
    void revert(R resource, Facts before, Call call) throws HostException;
}
