package sfo.it.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.it.harness.Appliance;
import sfo.it.harness.Pair;
import sfo.it.harness.Tree;

/** A group's life, from an empty pair of appliances to one that is empty again. */
@Timeout(240)
class GroupLifeIT {
    @TempDir
    Path folder;

    @Test
    void madeServedAndDestroyedItLeavesNothing() {
        try (Pair pair = Pair.off(folder)) {
            pair.b.start();
            pair.until("b answers alone", () -> pair.b.sfo("status").exit() == 0);
            assertThat(pair.b.sfo("check", Pair.GROUP).exit()).isEqualTo(2);
            pair.a.start();
            pair.until("both are up", () -> Pair.allUp(pair.a) && Pair.allUp(pair.b));
            Tree a = pair.tree(pair.a);
            Tree b = pair.tree(pair.b);

            pair.createGroup();
            assertThat(pair.a.sfo("group", "create", Pair.GROUP, "-y").exit()).isIn(2, 3);
            pair.normal();
            pair.write("records", "soon gone");
            assertThat(a.differences(pair.tree(pair.a))).isNotEmpty();

            assertThat(pair.a.sfo("group", "destroy", Pair.GROUP, "-y").text()).contains("still has volumes");
            assertThat(pair.b.sfo("cdp", "destroy", Pair.GROUP + "/tank", "-y").exit())
                    .isEqualTo(3);
            assertThat(pair.read("records")).isEqualTo("soon gone");
            pair.a.must("share", "destroy", Pair.GROUP, "n", "--nfs", "-y");
            pair.a.must("share", "destroy", Pair.GROUP, "s", "--smb", "-y");
            pair.a.must("cdp", "destroy", Pair.GROUP + "/tank", "-y");
            pair.a.must("group", "destroy", Pair.GROUP, "-y");

            assertThat(pair.onTheWire()).isEmpty();
            pair.until(
                    "nothing of it is left on a",
                    () -> a.differences(pair.tree(pair.a)).isEmpty());
            pair.until(
                    "nothing of it is left on b",
                    () -> b.differences(pair.tree(pair.b)).isEmpty());
            for (Appliance appliance : List.of(pair.a, pair.b)) {
                pair.until(
                        "no group on " + appliance.name(),
                        () -> appliance.must("status").json().path("groups").isEmpty());
            }
            assertThat(pair.a.sfo("status", Pair.GROUP).exit()).isEqualTo(2);

            // and once more, by the same name
            pair.createGroup();
            pair.normal();
            assertThat(pair.onTheWire()).containsExactly("a");
        }
    }
}
