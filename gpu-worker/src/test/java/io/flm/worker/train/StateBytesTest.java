package io.flm.worker.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.Compute;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.model.Precision;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.torch.Torch;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The state that one member sends another. */
class StateBytesTest {
    private static final ModelSettings SIZES = new ModelSettings(40, 16, 2, 2, 1, 1, 1, 1, 16, 16, 8, 16, 2, 1, 0);

    @BeforeEach
    void prepare() {
        Torch.prepareThread(1);
    }

    private static FlmModel model(long seed) {
        FlmModel model =
                new FlmModel(SIZES, FreeLanguageModeling.PARTS, new Compute(Device.cpu(), Precision.FP32, false));
        model.parameters().initialize(seed);
        return model;
    }

    private static float[] values(FlmModel model, Buffer which) {
        FloatBuffer all = FloatBuffer.allocate((int) model.parameters().size());
        model.parameters().read(which, 0, all);
        return all.array();
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 1000, 4093, 1 << 20})
    void aStateThatIsSentInPiecesOfAnySizeArrivesBitForBit(int pieceBytes) {
        try (FlmModel donor = model(1);
                FlmModel receiver = model(2)) {
            int count = (int) donor.parameters().size();
            FloatBuffer moments = FloatBuffer.allocate(count);
            for (int i = 0; i < count; i++) {
                moments.put(i, i * 0.001f);
            }
            donor.parameters().write(Buffer.FIRST_MOMENTS, 0, moments.duplicate());
            donor.parameters()
                    .write(Buffer.SECOND_MOMENTS, 1, moments.duplicate().limit(count - 1));
            StateBytes source = new StateBytes(donor.parameters());
            StateBytes sink = new StateBytes(receiver.parameters());
            sink.begin(source.sizeBytes());
            // All of a state in pieces of 3 bytes takes long: the borders between its parts, and the end.
            long part = 4L * count;
            for (long at = 0; at < source.sizeBytes(); ) {
                long toBorder = part - at % part;
                boolean nearBorder = toBorder <= 5000 || at % part < 5000;
                int size = (int)
                        Math.min(nearBorder ? pieceBytes : Math.min(1 << 16, toBorder - 4999), source.sizeBytes() - at);
                ByteBuffer piece = ByteBuffer.allocateDirect(size);
                source.read(at, piece);
                sink.write(at, piece.flip());
                at += size;
            }
            for (Buffer which : Buffer.values()) {
                assertThat(values(receiver, which)).as("%s", which).isEqualTo(values(donor, which));
            }
            assertThat(receiver.parameters().sha256())
                    .isEqualTo(donor.parameters().sha256());
        }
    }

    @Test
    void aStateOfAnotherModelIsRefused() {
        try (FlmModel receiver = model(2)) {
            StateBytes sink = new StateBytes(receiver.parameters());
            assertThatThrownBy(() -> sink.begin(12))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a state of 12 bytes, where this model's has");
        }
    }
}
