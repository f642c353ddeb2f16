package sfo.agent.rules.member;

import java.util.List;
import java.util.Optional;
import sfo.protocol.model.Claim;
import sfo.protocol.model.Target;

/**
 * Both sides of a permit, as far as they die with the agent.
 *
 * @param receivingFrom who permitted this appliance to serve, while its saga is under way
 * @param takenBack the permit that was taken back, until the higher claim is stored: its receiver must not be confirmed
 *     meanwhile
 * @param unknown whether a permit has run out and nobody can know whether it was used
 * @param resendAt when to tell a permit again, by the monotonic clock
 */
public record HandOver(
        Optional<Giving> giving,
        Optional<Asking> asking,
        Optional<String> receivingFrom,
        Claim takenBack,
        boolean unknown,
        long resendAt) {
    /**
     * The giver's side.
     *
     * @param permitted whether the permit is stored, and so may have been sent
     * @param deadline by the monotonic clock
     */
    public record Giving(
            String saga, String to, Claim claim, List<Target> targets, boolean permitted, String nonce, long deadline) {
        Giving until(long newDeadline) {
            return new Giving(saga, to, claim, targets, permitted, nonce, newDeadline);
        }

        Giving open(List<Target> at, long newDeadline) {
            return new Giving(saga, to, claim, at, permitted, nonce, newDeadline);
        }

        Giving asked(String by, long newDeadline) {
            return new Giving(saga, to, claim, targets, permitted, by, newDeadline);
        }

        Giving permitted(long newDeadline) {
            return new Giving(saga, to, claim, targets, true, nonce, newDeadline);
        }
    }

    /** The receiver's side. */
    public record Asking(String from, Claim claim, String nonce, long askedAt) {}

    static HandOver none(long nanos) {
        return new HandOver(Optional.empty(), Optional.empty(), Optional.empty(), Claim.NONE, false, nanos);
    }

    /** The claim of a permit that was given and is neither used nor superseded yet, or NONE. */
    Claim permit() {
        return giving.filter(Giving::permitted).map(Giving::claim).orElse(takenBack);
    }

    HandOver giving(Giving now) {
        return new HandOver(Optional.of(now), asking, receivingFrom, takenBack, unknown, resendAt);
    }

    HandOver given(Claim back) {
        return new HandOver(Optional.empty(), asking, receivingFrom, back, false, resendAt);
    }

    HandOver settled() {
        return new HandOver(giving, asking, receivingFrom, Claim.NONE, unknown, resendAt);
    }

    HandOver asking(Optional<Asking> now) {
        return new HandOver(giving, now, receivingFrom, takenBack, unknown, resendAt);
    }

    HandOver receiving(String from) {
        return new HandOver(giving, Optional.empty(), Optional.of(from), takenBack, unknown, resendAt);
    }

    HandOver notKnown() {
        return new HandOver(giving, asking, receivingFrom, takenBack, true, resendAt);
    }

    HandOver resend(long at) {
        return new HandOver(giving, asking, receivingFrom, takenBack, unknown, at);
    }
}
