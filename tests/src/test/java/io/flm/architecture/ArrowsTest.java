package io.flm.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;

/** Maven keeps the arrows between modules; this keeps what Maven cannot see. */
@AnalyzeClasses(packages = "io.flm", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArrowsTest {
    @ArchTest
    static final ArchRule MODULES_POINT_ONE_WAY = classes()
            .that()
            .resideInAPackage("io.flm.worker..")
            .should()
            .onlyDependOnClassesThat(
                    not(resideInAnyPackage("io.flm.coordinator..", "io.flm.simulation..", "io.flm.launch..")))
            .because("the worker answers whoever gives it orders");

    @ArchTest
    static final ArchRule THE_COORDINATOR_DOES_NOT_KNOW_ITS_LAUNCHER = noClasses()
            .that()
            .resideInAPackage("io.flm.coordinator..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.flm.launch..", "io.flm.simulation..");

    @ArchTest
    static final ArchRule DATA_KNOWS_NO_OTHER_MODULE = noClasses()
            .that()
            .resideInAPackage("io.flm.data..")
            .should()
            .dependOnClassesThat(resideInAPackage("io.flm..").and(not(resideInAPackage("io.flm.data.."))));

    @ArchTest
    static final ArchRule THE_EXCHANGE_SEES_FLOAT_BUFFERS_ONLY = noClasses()
            .that()
            .resideInAPackage("io.flm.exchange..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("akka..", "ai.djl..")
                    .or(resideInAPackage("io.flm..").and(not(resideInAPackage("io.flm.exchange..")))));

    private static final DescribedPredicate<JavaClass> EXCHANGE_GROUP =
            exchange("ProcessGroup|LocalGroup|MultiNodeGroup"
                    + "|GroupSession|GroupFrames|Peers?|StateTransfer|StateOffer|StateCopy|RankExchange|ExchangeNode");

    private static final DescribedPredicate<JavaClass> EXCHANGE_SUMS = exchange("LaneTree|TreeSum|AllReduce|ShardLayout"
            + "|Round|ReduceRound|StagingBuffers?|TotalsFrames|FrameValues|Partial|LaneTotals|StepTotals");

    private static final DescribedPredicate<JavaClass> EXCHANGE_TRANSPORT = exchange("Transport|TransportDriver"
            + "|TransportSession|Links|DriverDirectory|NetworkSizes|SharedRing|Frame(Reader|Writer|Output|Cipher)"
            + "|PublicationOutput|StreamAuthenticator|Endpoint");

    private static DescribedPredicate<JavaClass> exchange(String names) {
        return nameMatching("io\\.flm\\.exchange\\.(" + names + ")(\\$.*)?").forSubtype();
    }

    @ArchTest
    static final ArchRule THE_EXCHANGES_SUMS_KNOW_NO_GROUP =
            noClasses().that(EXCHANGE_SUMS).should().dependOnClassesThat(EXCHANGE_GROUP);

    @ArchTest
    static final ArchRule THE_EXCHANGES_TRANSPORT_KNOWS_NEITHER_GROUP_NOR_SUMS =
            noClasses().that(EXCHANGE_TRANSPORT).should().dependOnClassesThat(EXCHANGE_GROUP.or(EXCHANGE_SUMS));

    @ArchTest
    static final ArchRule TENSORS_ARE_THE_WORKERS = noClasses()
            .that()
            .resideOutsideOfPackages("io.flm.worker..", "ai.djl..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("ai.djl.ndarray..", "ai.djl.engine..", "ai.djl.pytorch..");

    @ArchTest
    static final ArchRule AERON_IS_THE_EXCHANGES = noClasses()
            .that()
            .resideOutsideOfPackage("io.flm.exchange..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.aeron..", "org.agrona..");

    @ArchTest
    static final ArchRule PACKAGES_HAVE_NO_CYCLES =
            slices().matching("io.flm.(**)").should().beFreeOfCycles();

    /** Figures of the field, which know nothing of tasks. */
    private static final DescribedPredicate<JavaClass> SCORES = resideInAPackage("io.flm.worker.task.score..");

    /**
     * Whoever asks which objective it is has to be found and changed when one is added. Beside the list, two name objectives:
     * the comparison with golden data of each, and the page that draws the spans of flm.
     */
    @ArchTest
    static final ArchRule NOBODY_COMPARES_OBJECTIVES = noClasses()
            .that()
            .resideOutsideOfPackages("io.flm.worker.objective..", "io.flm.worker.parity..")
            .and()
            .doNotHaveFullyQualifiedName("io.flm.worker.train.Objectives")
            .and()
            .doNotHaveSimpleName("SampleSheets")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.flm.worker.objective.*..");

    @ArchTest
    static final ArchRule OBJECTIVES_DO_NOT_KNOW_EACH_OTHER =
            slices().matching("io.flm.worker.objective.(*)..").should().notDependOnEachOther();

    /** As with objectives: the list alone names tasks. */
    @ArchTest
    static final ArchRule NOBODY_COMPARES_TASKS = noClasses()
            .that()
            .resideOutsideOfPackage("io.flm.worker.task..")
            .and()
            .doNotHaveFullyQualifiedName("io.flm.worker.train.Tasks")
            .should()
            .dependOnClassesThat(resideInAPackage("io.flm.worker.task.*..").and(not(SCORES)));

    /** What tasks have in common lies above them: their packages do not know each other. */
    @ArchTest
    static final ArchRule TASKS_DO_NOT_KNOW_EACH_OTHER = slices().matching("io.flm.worker.task.(*)..")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(DescribedPredicate.alwaysTrue(), SCORES);

    @ArchTest
    static final ArchRule WHAT_TASKS_HAVE_IN_COMMON_KNOWS_NO_TASK = noClasses()
            .that()
            .resideInAPackage("io.flm.worker.task")
            .should()
            .dependOnClassesThat(resideInAPackage("io.flm.worker.task.*..").and(not(SCORES)));

    /** The launcher is where the clock and the seed come from: it hands them to all others. */
    @ArchTest
    static final ArchRule TIME_AND_CHANCE_ARE_GIVEN = noClasses()
            .that()
            .resideOutsideOfPackage("io.flm.launch..")
            .should()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(Clock.class, "systemUTC")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .callMethod(ThreadLocalRandom.class, "current")
            .orShould()
            .callConstructor(Random.class);

    /** A rule about classes that are not there would hold for ever. */
    @ArchTest
    static void theRulesSeeTheModules(JavaClasses all) {
        for (String module :
                new String[] {"data", "exchange", "worker", "coordinator", "virtual", "simulation", "launch"}) {
            if (all.stream().noneMatch(c -> c.getPackageName().startsWith("io.flm." + module))) {
                throw new AssertionError("no classes of io.flm." + module);
            }
        }
    }
}
