package io.flm.launch.compare;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import io.flm.launch.compare.Cell.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static List<String> keys(Plan plan) {
        return plan.cells().stream().map(Cell::key).toList();
    }

    @Test
    void whereNothingIsTunedTheRateIsTheConfigurations() {
        Config config = Experiments.configuration("flm.train.mask-rate=0.3").config();
        assertThat(Trial.untuned(Experiments.variant("flm"), config)).isEqualTo(new Trial(1, 0.0));
        assertThat(Trial.untuned(Experiments.variant("mlm"), config)).isEqualTo(new Trial(1, 0.3));
        assertThat(Trial.untuned(Experiments.variant("mlm@0.4"), config)).isEqualTo(new Trial(1, 0.4));
        assertThat(Trial.untuned(Experiments.variant("ar"), config)).isEqualTo(new Trial(1, null));
    }

    @Test
    void aCellForEachTrialSeedPointAndTask() {
        Plan plan = Plan.of(Experiments.small());
        assertThat(keys(plan))
                .containsExactly(
                        "tune-flm@0-1",
                        "tune-flm@0-1-point1-zero-shot",
                        "tune-flm@0-2",
                        "tune-flm@0-2-point1-zero-shot",
                        "tune-mlm@0.4-1",
                        "tune-mlm@0.4-1-point1-zero-shot",
                        "tune-mlm@0.4-2",
                        "tune-mlm@0.4-2-point1-zero-shot",
                        "flm@0-seed1",
                        "flm@0-seed1-point1-zero-shot",
                        "flm@0-seed1-point2-zero-shot",
                        "mlm@0.4-seed1",
                        "mlm@0.4-seed1-point1-zero-shot",
                        "mlm@0.4-seed1-point2-zero-shot",
                        "flm@0-seed2",
                        "flm@0-seed2-point1-zero-shot",
                        "flm@0-seed2-point2-zero-shot",
                        "mlm@0.4-seed2",
                        "mlm@0.4-seed2-point1-zero-shot",
                        "mlm@0.4-seed2-point2-zero-shot");
    }

    @Test
    void tasksThatAreFineTunedGetACellForItAndTuneTheObjectives() {
        Plan plan = Plan.of(
                Experiments.of(Experiments.variants("flm", "ar"), 1, "40steps", Experiments.zeroShotAndNlvr(), 1, 1));
        assertThat(plan.tuningTask().name()).isEqualTo("nlvr");
        assertThat(keys(plan))
                .containsExactly(
                        "tune-flm-1",
                        "tune-flm-1-point1-nlvr-tuned",
                        "tune-flm-1-point1-nlvr",
                        "tune-ar-1",
                        "tune-ar-1-point1-nlvr-tuned",
                        "tune-ar-1-point1-nlvr",
                        "flm-seed1",
                        "flm-seed1-point1-zero-shot",
                        "flm-seed1-point1-nlvr-tuned",
                        "flm-seed1-point1-nlvr",
                        "ar-seed1",
                        "ar-seed1-point1-zero-shot",
                        "ar-seed1-point1-nlvr-tuned",
                        "ar-seed1-point1-nlvr");
    }

    /** Whatever else is done meanwhile: what a step takes is measured with nothing beside it. */
    @Test
    void calibrationsRunAloneAndBeforeWhatNeedsThem() {
        Plan plan = Plan.of(Experiments.of(Experiments.variants("flm", "ar"), 1, "10s", Experiments.zeroShot(), 0, 1));
        assertThat(plan.next(Set.of(), Set.of(), Set.of())).map(Cell::key).contains("calibrate-flm");
        assertThat(plan.next(Set.of(), Set.of(), Set.of("calibrate-flm"))).isEmpty();
        Set<String> one = Set.of("calibrate-flm");
        assertThat(plan.next(one, Set.of(), Set.of())).map(Cell::key).contains("calibrate-ar");
        assertThat(plan.next(one, Set.of(), Set.of("flm-seed1"))).isEmpty();
        Set<String> both = Set.of("calibrate-flm", "calibrate-ar");
        assertThat(plan.next(both, Set.of(), Set.of())).map(Cell::key).contains("flm-seed1");
        assertThat(plan.next(both, Set.of(), Set.of("flm-seed1")))
                .map(Cell::key)
                .contains("ar-seed1");
    }

    @Test
    void pretrainsWithTheBestOfTheGridOnlyOnceAllOfItIsScored() {
        Plan plan = Plan.of(Experiments.small());
        Set<String> done = new HashSet<>(keys(plan).subList(0, 4)); // flm@0 is tuned, mlm@0.4 is not
        Set<String> failed = Set.of("tune-mlm@0.4-1", "tune-mlm@0.4-2");
        List<String> begun = new ArrayList<>();
        Optional<Cell> next = plan.next(done, failed, Set.of());
        while (next.isPresent()) {
            begun.add(next.get().key());
            done.add(next.get().key());
            next = plan.next(done, failed, Set.of());
        }
        assertThat(begun)
                .hasSize(6)
                .allSatisfy(key ->
                        assertThat(key).startsWith("flm@0-seed")); // what failed holds up the other objective alone
    }

    @Test
    void everyCellCanBeDoneAndNeedsWhatComesBefore() {
        Plan plan = Plan.of(Experiments.of(
                Experiments.variants("flm", "mlm@0.15", "mlm@0.4", "ar"),
                3,
                "1e12flop",
                Experiments.zeroShotAndNlvr(),
                6,
                8));
        Set<String> before = new HashSet<>();
        for (Cell cell : plan.cells()) {
            assertThat(before).containsAll(cell.needs());
            assertThat(before.add(cell.key())).isTrue();
        }
        assertThat(plan.cells())
                .filteredOn(cell -> cell.kind() == Kind.CALIBRATE)
                .hasSize(4);
        assertThat(plan.cells())
                .filteredOn(cell -> cell.kind() == Kind.PRETRAIN)
                .hasSize(4 * (6 + 3));
        assertThat(plan.cells())
                .filteredOn(cell -> cell.kind() == Kind.FINETUNE)
                .hasSize(4 * (6 + 3 * 8));
    }

    @Test
    void pointsAreEvenlyInLogTimeUpToTheWholeBudget() {
        assertThat(Plan.points(1600, 5)).containsExactly(100L, 200L, 400L, 800L, 1600L);
        assertThat(Plan.points(1600, 1)).containsExactly(1600L);
        assertThat(Plan.points(4, 4)).containsExactly(1L, 2L, 3L, 4L);
        assertThat(Plan.points(20, 8)).doesNotHaveDuplicates().isSorted().endsWith(20L);
    }

    @Test
    void gridsHaveAsManyPointsForEachObjective() {
        for (int count : new int[] {1, 2, 5, 6}) {
            for (String objective : List.of("flm", "mlm", "mlm@0.4", "ar")) {
                assertThat(Trial.grid(Experiments.variant(objective), count))
                        .as("%s, %d", objective, count)
                        .hasSize(count)
                        .doesNotHaveDuplicates();
            }
        }
        assertThat(Trial.grid(Experiments.variant("mlm"), 6))
                .containsExactly(
                        new Trial(0.5, 0.15),
                        new Trial(1, 0.15),
                        new Trial(2, 0.15),
                        new Trial(0.5, 0.4),
                        new Trial(1, 0.4),
                        new Trial(2, 0.4));
        assertThat(Trial.grid(Experiments.variant("ar"), 6))
                .extracting(Trial::rateFactor)
                .startsWith(0.5)
                .endsWith(2.0);
    }
}
