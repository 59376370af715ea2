package io.flm.worker.parity;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ComparisonTest {
    @Test
    void aTensorThatIsNotANumberFailsItsGroupWhateverFollows() {
        Comparison worst = new Comparison();
        worst.add("first", 0.5);
        worst.add("broken", Double.NaN);
        worst.add("last", 0.0);
        Parity.Check check = worst.check("group", 1);
        assertThat(check.error()).isNaN();
        assertThat(check.worst()).isEqualTo("broken");
        assertThat(check.tensors()).isEqualTo(3);
        assertThat(check.passed()).isFalse();
    }
}
