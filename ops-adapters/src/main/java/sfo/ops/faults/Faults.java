package sfo.ops.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import sfo.ops.api.Adapter;
import sfo.ops.api.Call;
import sfo.ops.api.HostException;
import sfo.ops.api.Lack;
import sfo.protocol.plan.Facts;
import sfo.protocol.plan.Resource;

/**
 * Makes an act fail, for tests: a file {@code KIND} of one folder (a real host's is named by the system property
 * {@code sfo.faults}, unset in production) with {@code [apply|revert] [before|after] WHAT},
 * where WHAT is {@code fail}, {@code die} (the JVM halts with 137, as by kill -9) or {@code hang-ms N}. It strikes once,
 * by default at the next apply or revert, before the act. Kinds are the resources' names in JSON, such as
 * {@code primary-volume}, and of the embedded mirror: {@code open-target}, {@code connect}, {@code mirror-copy}, {@code disconnect},
 * {@code target-begins}, {@code target-synced}, {@code close-target} (all of them {@code apply}).
 */
public final class Faults {
    public static final String APPLY = "apply";
    private static final String REVERT = "revert";

    private static final List<String> VERBS = List.of(APPLY, REVERT);
    private static final List<String> MOMENTS = List.of("before", "after");

    /** Does what an adapter does. */
    @FunctionalInterface
    public interface Act<T> {
        T run() throws HostException;
    }

    private final Path folder;
    private final Runnable death;

    /** @param death what {@code die} does */
    public Faults(Path folder, Runnable death) {
        this.folder = folder;
        this.death = death;
    }

    /** Those of the folder that the system property names. */
    public static Optional<Faults> wanted() {
        return Optional.ofNullable(System.getProperty("sfo.faults"))
                .map(folder ->
                        new Faults(Path.of(folder), () -> Runtime.getRuntime().halt(137)));
    }

    public <T> T around(String kind, String verb, Call call, Act<T> act) throws HostException {
        strike(kind, verb, "before", call);
        T result = act.run();
        strike(kind, verb, "after", call);
        return result;
    }

    private void strike(String kind, String verb, String moment, Call call) throws HostException {
        Path file = folder.resolve(kind);
        String text;
        try {
            text = Files.readString(file).strip();
        } catch (NoSuchFileException none) {
            return;
        } catch (IOException e) {
            throw new HostException("cannot read " + file + ": " + e, e);
        }
        List<String> words = Arrays.asList(text.split("\\s+"));
        int at = 0;
        String wantedVerb = VERBS.contains(words.get(at)) ? words.get(at++) : verb;
        String wantedMoment = at < words.size() && MOMENTS.contains(words.get(at)) ? words.get(at++) : "before";
        if (!wantedVerb.equals(verb) || !wantedMoment.equals(moment)) {
            return;
        }
        String what = String.join(" ", words.subList(at, words.size()));
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new HostException("cannot remove " + file + ": " + e, e);
        }
        if (what.equals("fail")) {
            throw new HostException("fault injected " + moment + " " + verb + " of " + kind);
        } else if (what.equals("die")) {
            death.run();
        } else if (what.matches("hang-ms \\d{1,9}")) {
            hang(Long.parseLong(what.substring(8)), kind, call);
        } else {
            throw new HostException(file + " says \"" + text
                    + "\": expected [apply|revert] [before|after] and then fail, die or hang-ms N");
        }
    }

    private static void hang(long millis, String kind, Call call) throws HostException {
        try {
            TimeUnit.MILLISECONDS.sleep(Math.min(millis, call.left().toMillis() + 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostException("interrupted while an injected fault made " + kind + " hang", e);
        }
        call.check("an injected fault made " + kind + " hang");
    }

    /** {@code inner} with this hook around its acts. */
    public <R extends Resource> Adapter<R> around(Adapter<R> inner) {
        String name = inner.kind()
                .getSimpleName()
                .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
                .toLowerCase(Locale.ROOT);
        return new Adapter<>() {
            @Override
            public Class<R> kind() {
                return inner.kind();
            }

            @Override
            public List<Lack> lacks() {
                return inner.lacks();
            }

            @Override
            public Facts inspect(R resource, Call call) throws HostException {
                return inner.inspect(resource, call);
            }

            @Override
            public boolean holds(R resource, Facts facts) {
                return inner.holds(resource, facts);
            }

            @Override
            public void apply(R resource, Call call) throws HostException {
                around(name, APPLY, call, () -> {
                    inner.apply(resource, call);
                    return true;
                });
            }

            @Override
            public void revert(R resource, Facts before, Call call) throws HostException {
                around(name, REVERT, call, () -> {
                    inner.revert(resource, before, call);
                    return true;
                });
            }
        };
    }
}
