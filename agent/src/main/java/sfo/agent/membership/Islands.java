package sfo.agent.membership;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import sfo.protocol.peer.Hello;

/** Which cluster an agent joins, and when it gives up its own: pure functions on what agents say of themselves. */
final class Islands {
    enum Verdict {
        /** one cluster, or a matter of time */
        STAY,
        /** the other one's cluster is the one to be in: restart the actor system and join it */
        YIELD
    }

    private Islands() {}

    /**
     * The peer to join: a member of the oldest formed cluster. A member that sees others as unreachable is as good as
     * any; of several the one with the lowest name.
     */
    static Optional<Hello> toJoin(List<Hello> peers) {
        return peers.stream()
                .filter(peer -> peer.cluster().isPresent())
                .min(Comparator.comparing((Hello peer) -> peer.cluster().orElseThrow())
                        .thenComparing(Hello::appliance));
    }

    /** Of those that are there and in no cluster yet, the one with the lowest name forms it; the others wait for it. */
    static boolean formsFirst(String self, List<Hello> peers) {
        return peers.stream().allMatch(peer -> self.compareTo(peer.appliance()) < 0);
    }

    /**
     * Whether this agent, a member of a cluster, has to leave it for the peer's. Two agents that judge each other by
     * this never both yield. Whether one may yield now (no open saga) is not asked here.
     */
    static Verdict judge(Hello self, Hello peer) {
        // one that was just downed may still name the cluster that it was in
        if (self.cluster().isEmpty() || peer.cluster().isEmpty() || !peer.lists(peer.uid())) {
            return Verdict.STAY;
        }
        boolean listsPeer = self.lists(peer.uid());
        boolean listedByPeer = peer.lists(self.uid());
        if (listsPeer && listedByPeer) {
            return Verdict.STAY;
        }
        Hello.Cluster mine = self.cluster().get();
        Hello.Cluster theirs = peer.cluster().get();
        if (!mine.id().equals(theirs.id())) {
            return mine.compareTo(theirs) > 0 ? Verdict.YIELD : Verdict.STAY;
        }
        if (listsPeer) {
            return Verdict.YIELD;
        }
        if (listedByPeer) {
            return Verdict.STAY;
        }
        return leftEachOther(self, peer);
    }

    /** Each was downed by the other's side: the one whose side claimed last stays, then the larger side, then the name. */
    private static Verdict leftEachOther(Hello self, Hello peer) {
        int order = self.highestClaim().compareTo(peer.highestClaim());
        if (order == 0) {
            order = Integer.compare(self.members().size(), peer.members().size());
        }
        if (order == 0) {
            order = peer.appliance().compareTo(self.appliance());
        }
        return order < 0 ? Verdict.YIELD : Verdict.STAY;
    }
}
