package sfo.it.simulate;

import java.util.HashSet;
import java.util.Set;

/** Three networks, each with every appliance, a host that always answers, and one-way cuts. */
final class Network {
    /** Agents and clients share the first; the second is the mirrors'. */
    static final int LAN = 0;

    static final int STORAGE = 1;
    static final int COUNT = 2;
    /** The host that always answers: gateway on the LAN, where the clients are; a witness on the other. */
    static final int WITNESS = -1;

    private record Way(int network, int from, int to) {}

    private final Set<Way> cut = new HashSet<>();

    boolean passes(int network, int from, int to) {
        return !cut.contains(new Way(network, from, to));
    }

    boolean bothWays(int network, int one, int other) {
        return passes(network, one, other) && passes(network, other, one);
    }

    void cut(int network, int from, int to) {
        cut.add(new Way(network, from, to));
    }

    void cutApart(int one, int other) {
        for (int network = 0; network < COUNT; network++) {
            cut(network, one, other);
            cut(network, other, one);
        }
    }

    boolean apart(int one, int other) {
        for (int network = 0; network < COUNT; network++) {
            if (bothWays(network, one, other)) {
                return false;
            }
        }
        return true;
    }

    void isolate(int node, int nodes) {
        for (int other = WITNESS; other < nodes; other++) {
            if (other != node) {
                cutApart(node, other);
            }
        }
    }

    void heal() {
        cut.clear();
    }
}
