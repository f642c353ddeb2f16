package sfo.ops.network;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;

/** Questions sent on the wire several times, all at once, and who answered them. One thread uses one inquiry. */
final class Inquiry implements AutoCloseable {
    /** When the questions are asked, in milliseconds, and how long answers are awaited. */
    record Rhythm(List<Integer> at, int end) {
        static final Rhythm SHORT = new Rhythm(List.of(0, 100, 200), 300);
        static final Rhythm PATIENT = new Rhythm(List.of(0, 20, 100, 250, 500, 1000, 2000), 3000);
    }

    private static final AtomicInteger IDS =
            new AtomicInteger(ThreadLocalRandom.current().nextInt());

    private interface Ask {
        void now() throws HostException;
    }

    private interface Reader {
        Optional<Frames.Owner> answer(byte[] packet);
    }

    private record Question(InetAddress address, RawSocket by, Ask ask) {}

    private final Map<RawSocket, Reader> sockets = new LinkedHashMap<>();
    private final Map<RawSocket, String> broken = new LinkedHashMap<>();
    private final List<Question> questions = new ArrayList<>();
    private final Map<InetAddress, Set<String>> answers = new LinkedHashMap<>();
    private final Set<Question> sent = new LinkedHashSet<>();
    private final Map<InetAddress, String> failures = new LinkedHashMap<>();

    /** Asks by ARP or neighbour discovery, on one device; the key is the address asked for, the value who asks. */
    void neighbours(Namespace where, Ip.Link device, Map<InetAddress, InetAddress> senders, Call call)
            throws HostException {
        byte[] mac = new sfo.protocol.model.Mac(device.mac()).octets();
        for (int type : new int[] {RawSocket.ETH_P_ARP, RawSocket.ETH_P_IPV6}) {
            List<InetAddress> targets = senders.keySet().stream()
                    .filter(a -> (a.getAddress().length == 16) == (type == RawSocket.ETH_P_IPV6))
                    .toList();
            if (targets.isEmpty()) {
                continue;
            }
            RawSocket socket = RawSocket.frames(where, device.name(), type, call);
            String how = type == RawSocket.ETH_P_ARP ? "ARP from " : "neighbour advertisement from ";
            sockets.put(
                    socket,
                    frame -> Frames.owner(frame)
                            .filter(owner -> targets.contains(owner.address())
                                    && !owner.mac().equals(device.mac()))
                            .map(owner -> new Frames.Owner(owner.address(), how + owner.mac())));
            for (InetAddress target : targets) {
                byte[] frame = Frames.question(mac, senders.getOrDefault(target, target), target);
                questions.add(new Question(target, socket, () -> socket.send(frame)));
            }
        }
    }

    /** Asks by ICMP echo, by way of the kernel's routes; {@code device} forces one. */
    void echo(Namespace where, Optional<String> device, Collection<InetAddress> targets, Call call)
            throws HostException {
        for (boolean v6 : new boolean[] {false, true}) {
            List<InetAddress> asked = targets.stream()
                    .filter(a -> (a.getAddress().length == 16) == v6)
                    .toList();
            if (asked.isEmpty()) {
                continue;
            }
            int id = IDS.incrementAndGet() & 0xffff;
            RawSocket socket = RawSocket.icmp(where, v6, device, call);
            sockets.put(socket, packet -> {
                OptionalInt sequence = Frames.echoReply(v6, packet, id);
                return sequence.isPresent() && sequence.getAsInt() < asked.size()
                        ? Optional.of(new Frames.Owner(asked.get(sequence.getAsInt()), "echo reply"))
                        : Optional.empty();
            });
            for (int i = 0; i < asked.size(); i++) {
                byte[] packet = Frames.echo(v6, id, i);
                InetAddress target = asked.get(i);
                questions.add(new Question(target, socket, () -> socket.send(packet, target)));
            }
        }
    }

    /** Why an address was not asked at all (its silence proves nothing); empty if it was. */
    Optional<String> failure(InetAddress address) {
        boolean asked = sent.stream().anyMatch(q -> q.address().equals(address) && !broken.containsKey(q.by()));
        return asked ? Optional.empty() : Optional.of(failures.getOrDefault(address, "it was not asked"));
    }

    /**
     * Asks, and waits until the answers are {@code enough} or the time is over.
     *
     * @return by address, what answered; of those that are missing, {@link #failure} tells whether they were asked
     */
    Map<InetAddress, Set<String>> run(Rhythm rhythm, Predicate<Set<InetAddress>> enough, Call call)
            throws HostException {
        long start = System.nanoTime();
        long end = Math.min(rhythm.end(), call.left().toMillis());
        int asked = 0;
        for (long now = 0; now < end && !questions.isEmpty() && !enough.test(answers.keySet()); now = since(start)) {
            if (asked < rhythm.at().size() && now >= rhythm.at().get(asked)) {
                asked++;
                ask();
            }
            long next = asked < rhythm.at().size() ? rhythm.at().get(asked) : end;
            List<RawSocket> sound = sockets.keySet().stream()
                    .filter(socket -> !broken.containsKey(socket))
                    .toList();
            RawSocket.await(sound, Math.max(1, Math.min(next, end) - since(start)));
            for (RawSocket socket : sound) {
                drain(socket);
            }
        }
        return answers;
    }

    private void ask() {
        for (Question question : questions) {
            try {
                question.ask().now();
                sent.add(question);
            } catch (HostException e) {
                failures.put(question.address(), String.valueOf(e.getMessage()));
            }
        }
    }

    private void drain(RawSocket socket) {
        Reader reader = sockets.getOrDefault(socket, packet -> Optional.empty());
        try {
            for (Optional<byte[]> in = socket.receive(); in.isPresent(); in = socket.receive()) {
                reader.answer(in.get())
                        .ifPresent(owner -> answers.computeIfAbsent(owner.address(), a -> new LinkedHashSet<>())
                                .add(owner.mac()));
            }
        } catch (HostException e) {
            // such as its NIC that goes down meanwhile: what others hear still counts
            broken.put(socket, String.valueOf(e.getMessage()));
            questions.stream()
                    .filter(q -> q.by().equals(socket))
                    .forEach(q -> failures.put(q.address(), String.valueOf(e.getMessage())));
        }
    }

    private static long since(long start) {
        return (System.nanoTime() - start) / 1_000_000;
    }

    @Override
    public void close() {
        sockets.keySet().forEach(RawSocket::close);
    }
}
