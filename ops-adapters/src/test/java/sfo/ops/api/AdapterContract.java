package sfo.ops.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/**
 * What every adapter promises, whatever it makes true. A subclass gives the adapter and a resource that does not hold yet
 * on the host that it set up; each test begins and ends with the same facts.
 */
public abstract class AdapterContract<R extends Resource> {
    protected abstract Adapter<R> adapter();

    protected abstract R resource();

    /** Leaves the host somewhere in the middle of an apply, as a kill of the agent there would. */
    protected abstract void halfApply() throws Exception;

    protected Call call() {
        return Call.within(Duration.ofSeconds(30));
    }

    @Test
    void lacksNothingOnAHostThatTestsIt() {
        assertThat(adapter().lacks()).isEmpty();
    }

    @Test
    void inspectChangesNothing() throws Exception {
        Facts first = adapter().inspect(resource(), call());
        assertThat(adapter().inspect(resource(), call())).isEqualTo(first);
        assertThat(adapter().holds(resource(), first)).isFalse();
    }

    @Test
    void applyHoldsAndApplyingAgainChangesNothing() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().apply(resource(), call());
        Facts applied = adapter().inspect(resource(), call());
        assertThat(adapter().holds(resource(), applied)).isTrue();
        adapter().apply(resource(), call());
        assertThat(adapter().inspect(resource(), call())).isEqualTo(applied);
        adapter().revert(resource(), before, call());
        assertThat(adapter().inspect(resource(), call())).isEqualTo(before);
    }

    @Test
    void revertingTwiceIsRevertingOnce() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().apply(resource(), call());
        adapter().revert(resource(), before, call());
        adapter().revert(resource(), before, call());
        assertThat(adapter().inspect(resource(), call())).isEqualTo(before);
    }

    @Test
    void revertingWhatWasNeverAppliedChangesNothing() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().revert(resource(), before, call());
        assertThat(adapter().inspect(resource(), call())).isEqualTo(before);
    }

    @Test
    void anApplyThatWasCutOffIsCompletedByTheNext() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        halfApply();
        adapter().apply(resource(), call());
        assertThat(adapter().holds(resource(), adapter().inspect(resource(), call())))
                .isTrue();
        adapter().revert(resource(), before, call());
        assertThat(adapter().inspect(resource(), call())).isEqualTo(before);
    }

    @Test
    void anApplyThatWasCutOffIsUndone() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        halfApply();
        adapter().revert(resource(), before, call());
        assertThat(adapter().inspect(resource(), call())).isEqualTo(before);
    }

    @Test
    void itIsAppliedAgainAfterItWasReverted() throws Exception {
        Facts before = adapter().inspect(resource(), call());
        adapter().apply(resource(), call());
        adapter().revert(resource(), before, call());
        adapter().apply(resource(), call());
        assertThat(adapter().holds(resource(), adapter().inspect(resource(), call())))
                .isTrue();
        adapter().revert(resource(), before, call());
    }
}
