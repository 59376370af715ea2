package io.flm.worker.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.Objective;
import io.flm.data.TextBatch;
import io.flm.worker.model.FlmModel;
import io.flm.worker.torch.Torch;
import java.nio.ByteBuffer;
import java.util.List;

/** Asks the true model. Pictures are encoded once; what the cross-modal layers see of them stays on the device. */
final class ModelScorer implements Scorer {
    private final FlmModel model;

    ModelScorer(FlmModel model) {
        this.model = model;
    }

    /** @param tokens [rows, P, H], in {@code scope} */
    private record Tokens(NDManager scope, NDArray tokens) implements Seen {
        @Override
        public int rows() {
            return (int) tokens.getShape().get(0);
        }

        @Override
        public Seen row(int index) {
            NDManager inner = scope.newSubManager();
            return new Tokens(inner, Torch.rows(inner, tokens, index, index + 1));
        }

        @Override
        public Seen shifted() {
            NDManager inner = scope.newSubManager();
            NDArray rest = Torch.rows(inner, tokens, 1, rows());
            return new Tokens(inner, rest.concat(Torch.rows(inner, tokens, 0, 1)));
        }

        @Override
        public void close() {
            scope.close();
        }
    }

    @Override
    public Objective objective() {
        return model.objective();
    }

    @Override
    public Seen see(ByteBuffer pixels, int rows) {
        NDManager scope = model.newScope();
        return new Tokens(scope, model.imageTokens(scope, pixels, rows));
    }

    @Override
    public List<Scored> score(TextBatch batch, Seen seen) {
        return model.score(batch, tokens(seen)).stream()
                .map(head -> new Scored(head.logProbs(), head.best()))
                .toList();
    }

    @Override
    public int[][] greedy(Seen seen, int[] start, int[] stop, int maxLength) {
        return model.greedy(tokens(seen), start, stop, maxLength);
    }

    private static NDArray tokens(Seen seen) {
        return ((Tokens) seen).tokens();
    }
}
