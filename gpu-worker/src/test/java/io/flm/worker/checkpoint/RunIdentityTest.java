package io.flm.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

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
}
