package sfo.ops;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What adapters may know. */
@AnalyzeClasses(packages = "sfo.ops", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule adaptersKnowWhatTravelsAndTheSettings = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("sfo..")
                    .and(not(resideInAnyPackage("sfo.ops..", "sfo.protocol..", "sfo.config.."))));

    @ArchTest
    static final ArchRule theInterfaceKnowsNoImplementation = classes()
            .that()
            .resideInAPackage("sfo.ops.api")
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage("sfo.ops.api", "sfo.protocol..", "java..", "org.jspecify..")
                    // a host has mirrors; that interface stays with its family
                    .or(belongToAnyOf(sfo.ops.volume.Mirror.class)));

    @ArchTest
    static final ArchRule embeddedHostsTouchNothingReal = noClasses()
            .that()
            .resideInAPackage("sfo.ops.embedded")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "sfo.ops.network..", "sfo.ops.share..", "sfo.ops.iscsi..", "sfo.ops.linux..", "com.sun.jna..");

    @ArchTest
    static final ArchRule processesAreStartedInOnePlace = noClasses()
            .that()
            .resideOutsideOfPackage("sfo.ops.exec..")
            .should()
            .dependOnClassesThat(belongToAnyOf(ProcessBuilder.class));

    /** However many targets and disks there are: they are told to the one server over its socket, and asked by our own initiator. */
    @ArchTest
    static final ArchRule aTargetThatIsServedCostsNoProcess = noClasses()
            .that()
            .resideInAPackage("sfo.ops.iscsi")
            .and()
            // a file is allocated once, when an operator makes the disk
            .doNotBelongToAnyOf(sfo.ops.iscsi.AllocatedFiles.class)
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(sfo.ops.exec.Exec.class);
}
