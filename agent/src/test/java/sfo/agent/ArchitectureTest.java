package sfo.agent;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import sfo.protocol.control.Client;
import sfo.protocol.control.ExitCode;
import sfo.protocol.control.Frame;

/** Who may know whom. The table is in the design's "Our house". */
@AnalyzeClasses(packages = "sfo", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String RULES = "sfo.agent.rules..";

    @ArchTest
    static final ArchRule rulesKnowNothingButWhatTravels = classes()
            .that()
            .resideInAPackage(RULES)
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(
                            RULES,
                            "sfo.protocol..",
                            "java.lang..",
                            "java.util..",
                            "java.time..",
                            "java.nio.charset..",
                            "java.security..",
                            "com.fasterxml.jackson..",
                            "org.jspecify.annotations..")
                    .or(belongToAnyOf(
                            java.io.Serializable.class,
                            java.io.IOException.class,
                            java.io.UncheckedIOException.class)));

    @ArchTest
    static final ArchRule rulesHaveNoClock = noClasses()
            .that()
            .resideInAPackage(RULES)
            .should()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(LocalDateTime.class, "now")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .dependOnClassesThat(belongToAnyOf(Clock.class, ProcessHandle.class, ProcessBuilder.class));

    @ArchTest
    static final ArchRule rulesDrawNoLots = noClasses()
            .that()
            .resideInAPackage(RULES)
            .should()
            .callMethod(java.util.UUID.class, "randomUUID")
            .orShould()
            .dependOnClassesThat(belongToAnyOf(java.util.Random.class));

    @ArchTest
    static final ArchRule akkaIsKnownOnlyWhereActorsAre = noClasses()
            .that(not(resideInAnyPackage(
                            "sfo.agent.boot..",
                            "sfo.agent.membership..",
                            "sfo.agent.group..",
                            "sfo.agent.backup..",
                            "sfo.agent.failover.."))
                    // the control socket's part of the actor tree: its child of the guardian
                    .and(not(simpleName("ControlPart"))))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("akka..", "scala..");

    @ArchTest
    static final ArchRule adaptersKnowNeitherAkkaNorTheAgent = noClasses()
            .that()
            .resideInAPackage("sfo.ops..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("akka..", "scala..", "sfo.agent..", "info.picocli..");

    @ArchTest
    static final ArchRule settingsKnowNeitherAdaptersNorTheAgent = noClasses()
            .that()
            .resideInAPackage("sfo.config..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("akka..", "sfo.agent..", "sfo.ops..");

    @ArchTest
    static final ArchRule whatTravelsKnowsNothingOfOurs = noClasses()
            .that()
            .resideInAPackage("sfo.protocol..")
            .should()
            .dependOnClassesThat(resideInAPackage("sfo..").and(not(resideInAPackage("sfo.protocol.."))));

    @ArchTest
    static final ArchRule whatTravelsNeverLooksUpNames = noClasses()
            .that()
            .resideInAPackage("sfo.protocol..")
            .and(not(simpleName("Cidr")))
            .should()
            .callMethod(InetAddress.class, "getByName", String.class);

    @ArchTest
    static final ArchRule thePlainClientNeedsNothingButTheJdk = noClasses()
            .that()
            .belongToAnyOf(Client.class, Frame.class, ExitCode.class)
            .should()
            .dependOnClassesThat(resideInAnyPackage("sfo..", "com..", "akka..", "scala..", "picocli..", "org.slf4j..")
                    .and(not(simpleName("ExitCode[]")))
                    .and(not(belongToAnyOf(Client.class, Frame.class, ExitCode.class))));

    @ArchTest
    static final ArchRule processesAreStartedInOnePlace = noClasses()
            .that(not(resideInAnyPackage("sfo.ops.exec.."))
                    // the demo is no part of an agent: it starts agents, and stock clients as operators would
                    .and(not(resideInAPackage("sfo.agent.demo.."))))
            .should()
            .dependOnClassesThat(belongToAnyOf(ProcessBuilder.class))
            .orShould()
            .callMethod(Runtime.class, "exec", String[].class);

    @ArchTest
    static final ArchRule onlyTheSocketsSideParsesWords = noClasses()
            .that(not(resideInAnyPackage("sfo.agent.control..", "sfo.agent.boot..", "sfo.agent.demo..")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("picocli..");
}
