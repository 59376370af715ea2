package io.flm.launch.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import org.junit.jupiter.api.Test;

/** What cannot fit into memory is refused before it begins. {@code MemoryTest} of the system tests holds the sums against real peaks. */
class MemoryNeedTest {
    private static final double GIB = 1 << 30;

    private static FreeMemory free(double gib) {
        return new FreeMemory(gib * GIB, "this machine has free");
    }

    private static Config config(String preset, String... more) {
        return ConfigFactory.parseString(String.join("\n", more))
                .withFallback(ConfigFactory.parseResources("presets/" + preset + ".conf"))
                .withFallback(ConfigFactory.load());
    }

    private static MemoryNeed need(Config config, int nodes, int workers) {
        return new MemoryNeed(config, MemoryNeed.Layout.of(config, nodes, workers, nodes > 1, false));
    }

    @Test
    void theHeadlineModelAtItsOwnBatchDoesNotFitInto23Gib() {
        Config c = config("headline");
        assertThatThrownBy(() -> need(c, 1, 1).check(free(23.5)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("GiB of memory (parameters and moments 3.8, gradients of lanes ")
                .hasMessageContaining("and this machine has free 23.5; give a smaller flm.train.micro-batch (64)");
        assertThat(need(c, 1, 1).check(free(200))).isEmpty();
    }

    @Test
    void whatATypingErrorAsksForIsRefusedToo() {
        Config c = config("headline", "flm.train.micro-batch = 1000000000");
        assertThatThrownBy(() -> need(c, 1, 2).check(free(100_000)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("give fewer --workers or --nodes (now 2 workers)");
    }

    @Test
    void workersOfAllNodesAddUp() {
        Config c = config("mid");
        double one = need(c, 1, 1).bytes();
        double threads = need(c, 1, 2).bytes();
        double processes = need(c, 2, 1).bytes();
        assertThat(threads).isBetween(1.2 * one, 2 * one);
        assertThat(processes).isGreaterThan(threads);
        assertThat(need(c, 2, 2).bytes())
                .as("there are two lanes: two workers have none")
                .isEqualTo(processes);
    }

    /** By what is allowed, never by more than half of the heap, but for one picture that is alone. */
    @Test
    void decodingIsBoundedBesideTheSum() {
        double heap = (double) Runtime.getRuntime().maxMemory();
        for (int threads : new int[] {1, 3, 1000}) {
            Config c = config("mid", "flm.data.picture-memory = 8 MiB", "flm.data.decode-threads = " + threads);
            double bound = Math.max((double) (8 << 20), Math.min(threads * (double) (8 << 20), heap / 2));
            assertThat(need(c, 1, 1).decoding()).isCloseTo(bound, within(1.0));
            assertThat(need(c, 2, 1).decoding()).isCloseTo(2 * bound, within(1.0));
        }
        Config large = config("mid", "flm.data.picture-memory = 1 TiB");
        assertThat(need(large, 1, 1).decoding()).isEqualTo((double) (1L << 40));
    }

    @Test
    void closeIsAWarningAndPlentyIsNone() {
        Config c = config("emoji");
        double gib = need(c, 1, 2).bytes() / GIB;
        assertThat(gib).isLessThan(2);
        assertThat(need(c, 1, 2).check(free(gib / 0.8))).isEmpty();
        assertThat(need(c, 1, 2).check(free(gib / 0.95)).orElseThrow())
                .contains("a smaller flm.train.micro-batch (16)");
        assertThat(need(c, 1, 2).check(free(gib / 1.05)).orElseThrow()).contains("a smaller flm.data.cache-size");
        assertThatThrownBy(() -> need(c, 1, 2).check(free(gib / 1.2))).isInstanceOf(UserException.class);
    }

    @Test
    void ofACudaRunEachCardHoldsTheModelAndTheMachineTheCopies() {
        Config c = config("headline");
        MemoryNeed need = new MemoryNeed(c, MemoryNeed.Layout.of(c, 1, 8, false, true));
        assertThat(need.ofCard()).containsOnlyKeys("parameters and moments", "gradients of lanes", "activations");
        assertThat(need.ofMachine()).containsKey("copies for checkpoints").doesNotContainKey("activations");
    }
}
