package io.flm.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunIdentityTest {
    private static RunIdentity identity(String steps, String schedule) {
        return States.identity("flm.train { steps = " + steps + ", schedule = " + schedule + " }");
    }

    @Test
    void otherStepsMayBeGivenAndAreToldWhereTheyChangeTheLearningRates() {
        RunIdentity before = identity("100", "linear");
        before.requireSame(identity("200", "linear"), "step-0000000100");
        assertThat(before.changesTo(identity("200", "linear"))).containsExactly("flm.train.steps 100 -> 200");
        assertThat(before.otherRates(identity("200", "linear")).orElseThrow())
                .startsWith("flm.train.steps 100 -> 200 with flm.train.schedule = linear: the learning rates")
                .doesNotContain("\n");
        assertThat(before.otherRates(identity("100.0", "linear"))).isEmpty();
        assertThat(identity("100", "constant").otherRates(identity("200", "constant")))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "flm.data.cache-size = 1 GiB",
                "flm.exchange.shared-memory = false",
                "flm.data.bad-sample-rate = 0.5",
                "flm.worker.threads = 2",
                "flm.data.paths = [elsewhere.tar]"
            })
    void whatCannotDecideTheWeightsOfStepsToComeByItselfMayChange(String setting) {
        RunIdentity before = States.identity("flm.train.steps = 100");
        RunIdentity now = States.identity("flm.train.steps = 100, " + setting);
        before.requireSame(now, "step-0000000100");
        assertThat(before.changesTo(now))
                .singleElement()
                .asString()
                .startsWith(setting.substring(0, setting.indexOf(' ')));
    }

    @ParameterizedTest
    @ValueSource(strings = {"flm.train.seed = 2", "flm.exchange.codec = bf16", "flm.data.augment.scale = 1.5"})
    void whatDecidesTheWeightsMayNot(String setting) {
        RunIdentity before = States.identity("flm.train.steps = 100");
        assertThatThrownBy(() -> before.requireSame(States.identity("flm.train.steps = 100, " + setting), "step-100"))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("step-100 was trained with " + setting.substring(0, setting.indexOf(' ')));
    }

    /** What a source does not say is what is said for all, not the default. */
    @Test
    void aSourcesKeysDecideTheWeightsAsThoseForAllDo() {
        String all = "flm.data { captions = first, sources.a { paths = [x] } }";
        RunIdentity before = States.identity(all);
        before.requireSame(States.identity(all + ", flm.data.sources.a.captions = first"), "c");
        before.requireSame(States.identity(all + ", flm.data.sources.a.paths = [y]"), "c");
        assertThatThrownBy(
                        () -> before.requireSame(States.identity(all + ", flm.data.sources.a.captions = random"), "c"))
                .hasMessageStartingWith("c was trained with flm.data.sources.a.captions = first, not random");
        assertThatThrownBy(() -> before.requireSame(States.identity(all + ", flm.data.sources.a.weight = 2"), "c"))
                .hasMessageStartingWith("c was trained with flm.data.sources.a.weight = 1, not 2");
    }

    @ParameterizedTest
    @CsvSource({
        "flm.data.picture-memory, 128 MiB, 134217728",
        "flm.data.picture-memory, 128 MiB, 0.125 GiB",
        "flm.data.cache-size, 1 GiB, 1024M",
        "flm.exchange.liveness-timeout, 2 s, 2000 ms",
        "flm.train.whole-word, on, true"
    })
    void anAmountIsTheSameInWhateverUnitsItIsWritten(String key, String one, String other) {
        RunIdentity before = States.identity(key + " = " + one);
        RunIdentity now = States.identity(key + " = " + other);
        before.requireSame(now, "c");
        assertThat(before.changesTo(now)).isEmpty();
    }

    @Test
    void anotherSizeIsAnother() {
        assertThatThrownBy(() -> States.identity("flm.data.picture-memory = 128 MiB")
                        .requireSame(States.identity("flm.data.picture-memory = 128 MB"), "c"))
                .hasMessageStartingWith("c was trained with flm.data.picture-memory = 128 MiB, not 128 MB");
    }

    @Test
    void aCheckpointWithoutAKeyThatIsNewHasItsDefault() {
        RunIdentity before = States.identity("flm.train.steps = 100");
        before.requireSame(States.identity("flm.train { steps = 100, lanes = 8, objective = FLM }"), "step-100");
        assertThat(before.changesTo(States.identity("flm { train.steps = 100, data.prefetch = 4 }")))
                .isEmpty();
    }

    @Test
    void aKeyThatThisProgramDoesNotKnowMayHaveDecidedTheWeights() {
        assertThatThrownBy(() ->
                        States.identity("flm.train.later = 1").requireSame(States.identity("flm.train.steps = 1"), "c"))
                .hasMessageStartingWith("c was trained with flm.train.later = 1, not (none)");
    }

    @Test
    void whatIsAcceptedByNameMayChangeAndIsRememberedWithItsStep() {
        RunIdentity before = States.identity("flm.train { steps = 100, learning-rate = 1e-3 }");
        RunIdentity wanted = new RunIdentity(
                States.identity("flm.train { steps = 200, learning-rate = 1e-4 }")
                        .settings(),
                new TreeMap<>(Map.of("data", "d2", "tokenizer", "t1")),
                List.of());
        assertThatThrownBy(() -> before.resumed(wanted, List.of("data"), "step-40", 40))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.train.learning-rate = 0.001, not 1.0E-4")
                .hasMessageContaining("--accept flm.train.learning-rate");
        assertThatThrownBy(() -> before.resumed(wanted, List.of("flm.train.learning-rate"), "step-40", 40))
                .hasMessageContaining("--accept data");
        RunIdentity now = before.resumed(wanted, List.of("data", "flm.train.learning-rate"), "step-40", 40);
        assertThat(now.changes())
                .containsExactly(
                        "step 40: flm.train.learning-rate 0.001 -> 1.0E-4",
                        "step 40: flm.train.steps 100 -> 200",
                        "step 40: data d1 -> d2");
        assertThat(now.resumed(wanted, List.of(), "step-80", 80).changes()).isEqualTo(now.changes());
    }

    @Test
    void anotherTokenizerIsNeverAccepted() {
        RunIdentity before = States.identity("flm.train.steps = 100");
        RunIdentity wanted =
                new RunIdentity(before.settings(), new TreeMap<>(Map.of("data", "d1", "tokenizer", "t2")), List.of());
        assertThatThrownBy(() -> before.resumed(wanted, List.of("tokenizer", "data"), "step-40", 40))
                .hasMessageContaining("another content of tokenizer")
                .hasMessageContaining("or begin a new run with these weights by --from step-40");
    }
}
