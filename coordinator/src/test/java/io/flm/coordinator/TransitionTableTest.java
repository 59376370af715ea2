package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.flm.worker.FailureKind;
import io.flm.worker.RunPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

/** The table of transitions in docs/architecture.md: what the states can do, and do. */
class TransitionTableTest extends ClusterTest {
    private static final Path TABLE = Path.of("../docs/architecture.md");
    private static final Pattern ROW = Pattern.compile("\\| ([A-Z][a-z]+) \\| ([A-Z][a-z]+) \\| .+ \\|");

    private static Set<String> table() throws IOException {
        Set<String> rows = new TreeSet<>();
        for (String line : Files.readAllLines(TABLE)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                String transition = row.group(1) + " -> " + row.group(2);
                assertThat(rows.add(transition.toLowerCase(Locale.ROOT)))
                        .as("%s stands twice", transition)
                        .isTrue();
            }
        }
        return rows;
    }

    /** By the byte code: which states the code of each state makes, itself or by the methods of {@link State}. */
    @Test
    void everyTransitionThatTheCodeCanMakeIsInTheTable() throws IOException {
        JavaClasses classes = new ClassFileImporter().importPackages("io.flm.coordinator");
        Set<String> possible = new TreeSet<>();
        for (JavaClass state : classes) {
            if (isState(state)) {
                for (JavaCodeUnit code : state.getCodeUnits()) {
                    made(code, new HashSet<>()).forEach(next -> possible.add(key(state) + " -> " + next));
                }
            }
        }
        assertThat(possible).isEqualTo(table());
        JavaClass base = classes.get(State.class);
        assertThat(made(base.getMethod("createReceive"), new HashSet<>()))
                .as("what all states do leads to none")
                .isEmpty();
    }

    private static boolean isState(JavaClass c) {
        return c.isAssignableTo(State.class) && !c.isEquivalentTo(State.class);
    }

    private static String key(JavaClass state) {
        return state.getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static Set<String> made(JavaCodeUnit code, Set<JavaCodeUnit> seen) {
        Set<String> made = new TreeSet<>();
        if (seen.add(code)) {
            code.getConstructorCallsFromSelf().stream()
                    .map(call -> call.getTargetOwner())
                    .filter(TransitionTableTest::isState)
                    .filter(owner -> !(code.isConstructor() && owner.equals(code.getOwner()))) // this(...)
                    .forEach(owner -> made.add(key(owner)));
            List<AccessTarget.CodeUnitCallTarget> called = new ArrayList<>();
            code.getMethodCallsFromSelf().forEach(call -> called.add(call.getTarget()));
            for (AccessTarget.CodeUnitCallTarget target : called) {
                target.resolveMember()
                        .filter(JavaCodeUnit.class::isInstance)
                        .map(JavaCodeUnit.class::cast)
                        .filter(its -> its.getOwner().isEquivalentTo(State.class))
                        .ifPresent(its -> made.addAll(made(its, seen)));
            }
        }
        return made;
    }

    @Test
    void everyTransitionOfTheTableIsMade() throws IOException {
        Transitions made = new Transitions();
        LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();
        loggers.addTurboFilter(made);
        try {
            aRunThatIsPausedAndStopped();
            coordinatorsThatFindARun();
            generationsThatAreNotFormed();
            failuresOfTheUser();
            endsOfSaving();
        } finally {
            loggers.getTurboFilterList().remove(made);
        }
        assertThat(made.seen).isEqualTo(table());
    }

    /** Reads transitions off the log, whatever its level. */
    private static final class Transitions extends TurboFilter {
        private final Set<String> seen = new TreeSet<>();

        @Override
        public FilterReply decide(
                Marker marker, Logger logger, Level level, String format, Object[] params, Throwable t) {
            if ("run {}: {} -> {}: {}".equals(format)) {
                seen.add(params[1] + " -> " + params[2]);
            }
            return FilterReply.NEUTRAL;
        }
    }

    private void aRunThatIsPausedAndStopped() {
        TestCluster c = training("w1", "w2");
        c.steps(4);
        c.pause("for the night");
        c.steps(1);
        c.expectAfter(300, "paused");
        c.goOn();
        c.expectAfter(300, "training");
        c.killAndNotice("w2");
        c.expectAfter(2000, "training");
        c.stop("enough");
        c.steps(1);
        c.expectAfter(300, "finished");
        c.moveCoordinator();
        c.expect("finished");
        c.submit(RunPlan.of("s", "s-1", "", "1", 8, 100));
        c.expectAfter(300, "training");
    }

    private void coordinatorsThatFindARun() {
        TestCluster training = training("w1");
        training.moveCoordinator();
        training.expect("training");

        TestCluster forming = forming("w1", "w2");
        forming.moveCoordinator();
        forming.expect("forming");

        TestCluster waiting = cluster("w1").submit(TestCluster.plan(2, 0));
        waiting.moveCoordinator();
        waiting.expect("waiting");
        waiting.stop("enough");
        waiting.expectAfter(300, "finished");

        TestCluster late = training("w1");
        late.beginMovingCoordinator();
        late.list("w1");
        late.expectAfter(late.settings.discoverTimeoutMs() + 200, "idle");
        late.list();
        late.expectAfter(1000, "training");
    }

    private void generationsThatAreNotFormed() {
        TestCluster limited =
                configured("flm.coordinator.wait-limit = 60 s", "w1").submit(TestCluster.plan(2, 0));
        limited.expectAfter(61_000, "failed");
        limited.moveCoordinator();
        limited.expect("failed");
        limited.submit(RunPlan.of("s", "s-1", "", "1", 8, 100));
        limited.expectAfter(300, "training");

        TestCluster lost = forming("w1", "w2");
        lost.killAndNotice("w2");
        lost.pass(2000);

        TestCluster stopped = forming("w1", "w2");
        stopped.stop("enough");
        stopped.expect("halting");
    }

    private void failuresOfTheUser() {
        TestCluster forming = forming("w1", "w2");
        forming.trainer("w1").fail(FailureKind.USER, "data are gone");
        forming.actors.settle();
        forming.expect("failed");

        TestCluster training = training("w1", "w2");
        training.trainer("w1").fail(FailureKind.USER, "data are gone");
        training.actors.settle();
        training.expect("failed");

        TestCluster halting = training("w1", "w2");
        halting.pause("for the night");
        halting.trainer("w1").fail(FailureKind.USER, "data are gone");
        halting.actors.settle();
        halting.expect("failed");

        TestCluster late = training("w1", "w2");
        late.trainer("w2").fail(FailureKind.MEMBER_LOST, "rank 0 left", "nw1");
        late.trainer("w1").fail(FailureKind.USER, "data are gone");
        late.actors.settle();
        late.expect("failed");
    }

    private void endsOfSaving() {
        TestCluster failing = training("w1");
        failing.trainer("w1").saveFailure = "the disk is full";
        failing.steps(4);
        failing.stop("enough");
        failing.steps(1);
        failing.expectAfter(1000, "failed");

        TestCluster wanted = training("w1");
        wanted.trainer("w1").silentSave = true;
        wanted.steps(4);
        wanted.pause("for the night");
        wanted.steps(1);
        wanted.expectAfter(300, "saving");
        wanted.goOn();
        wanted.expectAfter(wanted.settings.saveTimeoutMs() + 1000, "training");
    }
}
