package io.flm.worker.evaluate;

import io.flm.data.TextBatch;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.model.TargetScores;
import io.flm.worker.objective.Objective;
import java.nio.ByteBuffer;
import java.util.List;

/** What evaluation asks of a model: {@link ModelScorer}, or in a test a model whose answers are known. */
interface Scorer {
    /** What the model has seen of some pictures, kept on its device until closed. */
    interface Seen extends AutoCloseable {
        int rows();

        /** One of the pictures, which may be shared by any number of texts. */
        Seen row(int index);

        /** Each row with the picture of the row after it, the last with the first: the wrong pictures. At least two rows. */
        Seen shifted();

        @Override
        void close();
    }

    Objective objective();

    /** @param pixels uint8 [rows, 3, S, S], a direct buffer */
    Seen see(ByteBuffer pixels, int rows);

    /**
     * How likely each target is.
     *
     * @param batch read by streams that the model was trained with
     * @return by head of the batch
     */
    List<TargetScores> score(TextBatch batch, Seen seen);

    /** A caption for each picture: the likeliest next token of the l2r stream, again and again. */
    int[][] greedy(Seen seen, CaptionBounds bounds);
}
