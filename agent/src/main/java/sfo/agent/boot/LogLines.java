package sfo.agent.boot;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;

/**
 * One line for each event, to stderr, where the service manager picks it up. {@code SFO_LOG} and {@code SFO_LOG_AKKA} set
 * what is said: ERROR, WARN, INFO, DEBUG, TRACE. Said here, since a file of settings would bring an XML parser to each start.
 */
public final class LogLines extends ContextAwareBase implements Configurator {
    private static final String LINE = "%d{\"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\"} %-5level %logger{0}:"
            + " %replace(%msg %ex{8}){'\\s*[\\r\\n]+\\s*', ' | '}%nopex%n";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(LINE);
        encoder.start();
        ConsoleAppender<ILoggingEvent> stderr = new ConsoleAppender<>();
        stderr.setContext(context);
        stderr.setTarget("System.err");
        stderr.setEncoder(encoder);
        stderr.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(stderr);
        level(context, "sfo", "SFO_LOG", Level.INFO);
        level(context, "akka", "SFO_LOG_AKKA", Level.WARN);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static void level(LoggerContext context, String logger, String variable, Level otherwise) {
        String wanted = System.getenv(variable);
        Level level = wanted == null ? otherwise : Level.toLevel(wanted, null);
        context.getLogger(logger).setLevel(level == null ? otherwise : level);
        if (level == null) {
            context.getLogger(LogLines.class)
                    .warn(
                            "{} \"{}\": expected ERROR, WARN, INFO, DEBUG or TRACE; takes {}",
                            variable,
                            wanted,
                            otherwise);
        }
    }
}
