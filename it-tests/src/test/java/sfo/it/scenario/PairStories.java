package sfo.it.scenario;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import sfo.it.harness.Pair;

/** Each class has two appliances that serve, and each of its stories begins with all well. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
abstract class PairStories {
    Path folder;
    Pair pair;

    @BeforeAll
    void twoThatServe(@TempDir Path made) {
        folder = made;
        pair = Pair.serving(folder);
    }

    @BeforeEach
    void allIsWell() {
        pair.normal();
    }

    @AfterAll
    void end() {
        if (pair != null) {
            pair.close();
        }
    }
}
