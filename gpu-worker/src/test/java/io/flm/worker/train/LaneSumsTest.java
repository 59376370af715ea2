package io.flm.worker.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.flm.exchange.Codec;
import io.flm.exchange.LaneRange;
import io.flm.exchange.Partial;
import io.flm.exchange.TreeSum;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.Gradient;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.Precision;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.torch.Torch;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a worker hands over does not depend on how lanes are dealt, in either codec. */
class LaneSumsTest {
    private static final ModelSettings SIZES = new ModelSettings(40, 16, 2, 2, 1, 1, 1, 1, 16, 16, 8, 16, 2, 1, 0);
    private static final int LANES = 7;

    @BeforeEach
    void prepare() {
        Torch.prepareThread(1);
    }

    /** The partials of a worker of these lanes, copied. */
    private static List<Partial> partials(FlmModel model, Codec codec, LaneRange lanes, int stage) {
        LaneSums sums = new LaneSums(LANES, codec, model.parameters()::newGradient);
        List<Partial> partials = new ArrayList<>();
        for (int lane = lanes.from(); lane < lanes.to(); lane++) {
            Gradient gradient = sums.begin(lane);
            fill(gradient.segment(stage), new Random(lane));
            gradient.load(stage);
            sums.add(stage);
            if (lane == lanes.to() - 1) {
                for (Partial partial : sums.partials(stage)) {
                    float[] values = new float[partial.values().limit()];
                    partial.values().get(0, values);
                    partials.add(new Partial(partial.lanes(), FloatBuffer.wrap(values)));
                }
            }
            sums.end();
        }
        return partials;
    }

    private static void fill(FloatBuffer values, Random random) {
        for (int index = 0; index < values.limit(); index++) {
            values.put(index, (random.nextFloat() - 0.5f) * (1 << random.nextInt(12)));
        }
    }

    /** The definition: every lane and every sum of two blocks rounded. */
    private static float[] plainSum(Codec codec, int size) {
        FloatBuffer[] lanes = new FloatBuffer[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = FloatBuffer.allocate(size);
            fill(lanes[lane], new Random(lane));
        }
        float[] sums = new float[size];
        for (int index = 0; index < size; index++) {
            sums[index] = plainSum(codec, lanes, index, 0, 8);
        }
        return sums;
    }

    private static float plainSum(Codec codec, FloatBuffer[] lanes, int index, int from, int count) {
        if (count == 1) {
            return codec.round(lanes[from].get(index));
        }
        int half = count / 2;
        float left = plainSum(codec, lanes, index, from, half);
        return from + half < LANES ? codec.round(left + plainSum(codec, lanes, index, from + half, half)) : left;
    }

    private static float[] sum(FlmModel model, Codec codec, int stage, int... bounds) {
        List<Partial> partials = new ArrayList<>();
        for (int worker = 0; worker + 1 < bounds.length; worker++) {
            partials.addAll(partials(model, codec, new LaneRange(bounds[worker], bounds[worker + 1]), stage));
        }
        for (Partial partial : partials) {
            for (float value : partial.values().array()) {
                assertThat(codec.round(value)).isEqualTo(value);
            }
        }
        FloatBuffer sum = FloatBuffer.allocate(partials.get(0).values().limit());
        TreeSum.of(partials.stream().map(Partial::lanes).toList(), LANES, codec)
                .add(partials.stream().map(Partial::values).toList(), 0, sum.limit(), sum, new TreeSum.Scratch());
        return sum.array();
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void theSumIsTheSameForEveryDeal(Codec codec) {
        try (FlmModel model =
                new FlmModel(SIZES, FreeLanguageModeling.PARTS, new Compute(Device.cpu(), Precision.FP32, false))) {
            model.parameters().initialize(1);
            float[] alone = sum(model, codec, 1, 0, LANES);
            assertThat(alone).hasSizeGreaterThan(100).isEqualTo(plainSum(codec, alone.length));
            assertThat(sum(model, codec, 1, 0, 3, LANES)).isEqualTo(alone);
            assertThat(sum(model, codec, 1, 0, 1, 2, 3, 4, 5, 6, LANES)).isEqualTo(alone);
        }
    }
}
