package io.flm.launch.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import io.flm.data.UserException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BudgetTest {
    private static final StepCost COST = new StepCost(0.05, 0.1, 2e8, 16, 200);

    @Test
    void paysForWholeSteps() {
        assertThat(Budget.parse("2000steps").steps(COST)).isEqualTo(2000);
        assertThat(Budget.parse("120s").steps(COST)).isEqualTo(2400);
        assertThat(Budget.parse("120cpu-s").steps(COST)).isEqualTo(1200);
        assertThat(Budget.parse("1.1e9flop").steps(COST)).isEqualTo(5);
        assertThat(Budget.parse(" 120 S").times(0.25)).hasToString("30s");
        assertThat(Budget.parse("3e13flop")).hasToString("3.000e+13flop");
    }

    /** What is shown is rounded; a comparison's folder tells budgets apart that look the same. */
    @Test
    void twoBudgetsHaveNotTheSameExactText() {
        assertThat(Budget.parse("3e13flop").exact()).isEqualTo("3.000e+13flop");
        assertThat(Budget.parse("120s").exact()).isEqualTo("120s");
        assertThat(Budget.parse("3.0001e13flop")).hasToString("3.000e+13flop");
        assertThat(Budget.parse("3.0001e13flop").exact()).isEqualTo("3.0001E13flop");
        assertThat(Budget.parse("120.21s").exact()).isEqualTo("120.21s");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "120", "s", "0s", "-3s", "2min", "1e999s", "3 steps and more"})
    void refusesWhatIsNoBudget(String text) {
        assertThatThrownBy(() -> Budget.parse(text))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--budget " + text + ": give an amount above 0 with its unit");
    }

    @Test
    void refusesABudgetShorterThanTheWarmUp() {
        assertThatThrownBy(() -> new Experiment(
                        Experiments.variants("flm"),
                        1,
                        Budget.parse("40steps"),
                        Experiments.zeroShot(),
                        0,
                        0.25,
                        8,
                        1,
                        List.of(),
                        Experiments.configuration("flm.train.warmup-steps=40")))
                .isInstanceOf(UserException.class)
                .hasMessage("the budget of a pretraining is 40 steps, and the warm-up alone takes 40; give a larger"
                        + " --budget, or fewer flm.train.warmup-steps");
        assertThatThrownBy(() -> Experiments.of(Experiments.variants("flm"), 1, "8steps", Experiments.zeroShot(), 6, 8))
                .hasMessageContaining("tuning (--tune-share 0.25) is 2 steps, and the warm-up alone takes 2");
        Config relative = Experiments.configuration("flm.train.warmup-steps=-1").config();
        Experiment.requireSteps("a pretraining", relative, 20, 8); // a share of it always fits
        assertThatThrownBy(() -> Experiment.requireSteps("a pretraining", relative, 7, 8))
                .hasMessageContaining("too few for 8 checkpoints");
        assertThatThrownBy(() -> Experiment.requireSteps("a pretraining", relative, 2_000_000_000L, 8))
                .hasMessage("the budget of a pretraining is 2,000,000,000 steps, and a run has at most 1,000,000,000;"
                        + " give a smaller --budget");
    }

    /** Neither the first steps nor one that the machine held up. */
    @Test
    void aStepCostsWhatTheLaterHalfOfTheStepsTook() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> metrics = new ArrayList<>();
        for (int step = 0; step < 40; step++) {
            double ms = step < 20 ? 500 : step == 30 ? 900 : 10;
            metrics.add(json.valueToTree(Map.of(
                    "step",
                    step,
                    "samples",
                    16,
                    "tokens",
                    160 + step % 2 * 32,
                    "dataMs",
                    ms / 10,
                    "forwardMs",
                    ms * 0.4,
                    "backwardMs",
                    ms * 0.5,
                    "cpuMs",
                    2 * ms)));
        }
        StepCost cost = StepCost.of(metrics, Experiments.configuration().config());
        assertThat(cost.seconds()).isCloseTo(0.01, within(1e-9));
        assertThat(cost.cpuSeconds()).isCloseTo(0.02, within(1e-9));
        assertThat(cost.tokens()).isCloseTo(176.8, within(1.0));
        assertThat(cost.flop()).isBetween(1e8, 2e8);
        assertThat(StepCost.read(json.valueToTree(cost.toMap()))).isEqualTo(cost);
        assertThat(StepCost.trainingSeconds(metrics)).isCloseTo(20 * 0.5 + 0.9 + 19 * 0.01, within(1e-6));
    }

    @Test
    void objectivesAreReadWithTheirRate() {
        assertThat(Experiments.variant("MLM@0.15"))
                .isEqualTo(new Variant("mlm@0.15", "mlm", "flm.train.mask-rate", List.of(0.15)));
        assertThat(Experiments.variant("flm").tried()).hasSizeGreaterThan(1);
        assertThat(Experiments.variant("ar").tried()).isEmpty();
        assertThatThrownBy(() -> Experiments.variant("bert"))
                .hasMessageContaining("--objectives bert: no such objective");
        assertThatThrownBy(() -> Experiments.variant("ar@0.1")).hasMessageContaining("ar has no corruption rate");
        assertThatThrownBy(() -> Experiments.variant("mlm@x")).hasMessageContaining("give a corruption rate");
        Config config = Experiments.configuration().config();
        assertThatThrownBy(() -> Experiments.variant("mlm@0").check(config))
                .hasMessage("--objectives mlm@0: flm.train.mask-rate = 0.0: give a rate in (0, 1]");
        assertThatThrownBy(() -> Experiments.variant("flm@1").check(config))
                .hasMessageStartingWith("--objectives flm@1: flm.train.span-rate = 1.0");
        Experiments.variants("flm", "flm@0", "mlm", "mlm@0.9", "ar").forEach(variant -> variant.check(config));
    }
}
