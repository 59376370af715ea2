package io.flm.worker.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import io.flm.data.TokenizerKind;
import io.flm.worker.model.Parameter;
import io.flm.worker.model.ParameterStore.Buffer;
import io.flm.worker.model.ServedModel;
import io.flm.worker.model.ServedModel.Part;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.torch.Torch;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServedModelTest {
    private static final int PAD = TokenizerKind.ROBERTA.positions(1).padId();
    private static final int VOCABULARY = 11;

    @TempDir
    private Path folder = Path.of("");

    private TinyModel tiny;
    private NDManager scope;

    @BeforeEach
    void prepare() {
        Torch.prepareThread(1);
        tiny = new TinyModel(VOCABULARY, 3, 5);
        scope = tiny.model.newScope();
    }

    @AfterEach
    void close() {
        scope.close();
        tiny.close();
    }

    /** What the archive of a part says, loaded as any program with libtorch does. */
    private NDArray asked(Part part, NDArray... arguments) throws IOException, TranslateException {
        Path file = folder.resolve(part.name() + ".pt");
        try (OutputStream out = Files.newOutputStream(file)) {
            new ServedModel(tiny.model.settings(), new FreeLanguageModeling(0.3, 1, 1).parts())
                    .write(
                            part,
                            (name, into) -> tiny.model
                                    .parameters()
                                    .read(Buffer.VALUES, parameter(name).offset(), into),
                            out);
        }
        try (Model archive = Model.newInstance("served", "PyTorch")) {
            archive.load(folder, part.name());
            try (Predictor<NDList, NDList> predictor = archive.newPredictor(new NoopTranslator(null))) {
                NDArray answer = predictor.predict(new NDList(arguments)).singletonOrThrow();
                answer.attach(scope);
                return answer;
            }
        } catch (MalformedModelException e) {
            throw new IllegalStateException(e);
        }
    }

    private Parameter parameter(String name) {
        return tiny.model.parameters().layout().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private NDArray ids(int[][] rows) {
        NDArray ids = scope.zeros(new Shape(rows.length, rows[0].length), DataType.INT64);
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < rows[i].length; j++) {
                ids.setScalar(new ai.djl.ndarray.index.NDIndex(i, j), (long) rows[i][j]);
            }
        }
        return ids;
    }

    @Test
    void theImageEncoderGivesTheModelsFeaturesBitForBit() throws Exception {
        NDArray pixels = scope.create(tiny.pixels, new Shape(3, 3, 16, 16), DataType.UINT8);
        NDArray features = asked(Part.IMAGE_ENCODER, pixels);
        assertThat(features.getShape()).isEqualTo(tiny.features.getShape());
        assertThat(features.toFloatArray()).isEqualTo(tiny.features.toFloatArray());
    }

    @Test
    void theCaptionStepGivesTheLogProbabilitiesOfTheNextToken() throws Exception {
        int[] written = {TinyModel.START, TinyModel.END, 5, 9};
        NDArray logits = asked(Part.CAPTION_STEP, tiny.features, ids(new int[][] {written, written, written}));
        float[] logProbs = logits.logSoftmax(1).toFloatArray();
        assertThat(logProbs).hasSize(3 * VOCABULARY);
        for (int picture = 0; picture < 3; picture++) {
            double[] expected = tiny.next(picture, written);
            for (int token = 0; token < VOCABULARY; token++) {
                assertThat((double) logProbs[picture * VOCABULARY + token]).isCloseTo(expected[token], within(1e-5));
            }
        }
    }

    @Test
    void theTextScorerSumsTheLogProbabilitiesFromColumnTwoOnWhateverPadsFollow() throws Exception {
        int[][] texts = {
            {TinyModel.START, TinyModel.END, 5, 9, 4, TinyModel.END},
            {TinyModel.START, TinyModel.END, 7, TinyModel.END, PAD, PAD},
        };
        NDArray onePicture = tiny.pictures(1, 2);
        float[] scores = asked(Part.TEXT_SCORER, onePicture, ids(texts)).toFloatArray();
        assertThat(scores).hasSize(2);
        for (int row = 0; row < texts.length; row++) {
            double sum = 0;
            for (int column = 2; column < texts[row].length && texts[row][column] != PAD; column++) {
                sum += tiny.next(1, java.util.Arrays.copyOf(texts[row], column))[texts[row][column]];
            }
            assertThat((double) scores[row]).isCloseTo(sum, within(1e-4));
        }
    }
}
