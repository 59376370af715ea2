package io.flm.worker.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.TextBatch;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.decode.Decoder;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.TargetScores;
import io.flm.worker.objective.Objective;
import io.flm.worker.torch.Torch;
import java.nio.ByteBuffer;
import java.util.List;

/** Asks the true model. Pictures are encoded once; their features stay on the device. */
final class ModelScorer implements Scorer {
    private final FlmModel model;
    private final Objective objective;

    /** @param objective that it was trained with */
    ModelScorer(FlmModel model, Objective objective) {
        this.model = model;
        this.objective = objective;
    }

    /** @param features [rows, P, W], in {@code scope} */
    private record Encoded(NDManager scope, NDArray features) implements Seen {
        @Override
        public int rows() {
            return (int) features.getShape().get(0);
        }

        @Override
        public Seen row(int index) {
            NDManager inner = scope.newSubManager();
            return new Encoded(inner, Torch.rows(inner, features, index, index + 1));
        }

        @Override
        public Seen shifted() {
            NDManager inner = scope.newSubManager();
            NDArray rest = Torch.rows(inner, features, 1, rows());
            return new Encoded(inner, rest.concat(Torch.rows(inner, features, 0, 1)));
        }

        @Override
        public void close() {
            scope.close();
        }
    }

    @Override
    public Objective objective() {
        return objective;
    }

    @Override
    public Seen see(ByteBuffer pixels, int rows) {
        NDManager scope = model.newScope();
        return new Encoded(scope, model.imageFeatures(scope, pixels, rows));
    }

    @Override
    public List<TargetScores> score(TextBatch batch, Seen seen) {
        return model.score(batch, features(seen));
    }

    @Override
    public int[][] greedy(Seen seen, CaptionBounds bounds) {
        return new Decoder(model, bounds).greedy(features(seen));
    }

    private static NDArray features(Seen seen) {
        return ((Encoded) seen).features();
    }
}
