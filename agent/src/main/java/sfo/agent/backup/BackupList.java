package sfo.agent.backup;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import sfo.agent.rules.BackupRules.Kept;
import sfo.protocol.control.Views.BackupView;
import sfo.protocol.peer.BackupMessage;

/** What is kept, as operators are shown it: by appliance, the newest first, those kept here before those at peers. */
final class BackupList {
    private BackupList() {}

    /** @param fault why the last attempt to make one failed; empty if it did not */
    static List<BackupView> of(String self, List<Kept> here, List<PeerLink.State> peers, String fault, Instant now) {
        List<BackupView> views = new ArrayList<>();
        if (!fault.isEmpty()) {
            views.add(new BackupView(self, 0, now, "", 0, self, false, "the last attempt failed: " + fault));
        }
        for (Kept k : here.stream()
                .sorted(Comparator.comparing((Kept k) -> k.ref().appliance())
                        .thenComparing(Comparator.comparing(Kept::ref).reversed()))
                .toList()) {
            views.add(view(k, self, k.good(), k.detail()));
        }
        for (PeerLink.State peer : peers.stream()
                .sorted(Comparator.comparing(PeerLink.State::peer))
                .toList()) {
            peer.holds().ifPresent(copy -> views.add(atPeer(self, peer, copy, here)));
        }
        return views;
    }

    private static BackupView atPeer(String self, PeerLink.State peer, BackupMessage.Copy copy, List<Kept> here) {
        Optional<Kept> own = here.stream()
                .filter(k -> k.ref().appliance().equals(self)
                        && k.ref().epoch() == copy.epoch()
                        && k.ref().sequence() == copy.sequence())
                .findFirst();
        String when = peer.reachable() ? "" : "as it said last; it does not answer now";
        return own.map(k -> view(k, peer.peer(), true, when))
                .orElseGet(() -> new BackupView(
                        self,
                        copy.sequence(),
                        Instant.EPOCH,
                        copy.sha256(),
                        0,
                        peer.peer(),
                        true,
                        when.isEmpty() ? "no longer kept here" : when));
    }

    private static BackupView view(Kept k, String keptBy, boolean good, String detail) {
        return new BackupView(
                k.ref().appliance(), k.ref().sequence(), k.made(), k.sha256(), k.bytes(), keptBy, good, detail);
    }
}
