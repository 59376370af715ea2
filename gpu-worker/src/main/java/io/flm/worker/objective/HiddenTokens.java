package io.flm.worker.objective;

import io.flm.data.Corruption;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import java.util.List;

/** How a model is asked for tokens that it does not see. The first head answers. */
public interface HiddenTokens {
    /**
     * A batch, and the pictures that belong to it.
     *
     * @param picture the row of the examples whose picture all rows of the batch share; {@link #EACH}: row r has that of row r
     */
    record Question(TextBatch batch, int picture) {
        /** Each row has its own picture. */
        public static final int EACH = -1;
    }

    /** The corruption of training at another rate: what is compared has the same holes, whatever it was trained at. */
    Corruption corruption(double rate, TextLayout layout);

    /** Asks for each word of the texts while all other tokens are seen. */
    List<Question> eachWord(List<int[]> rows, TextLayout layout);
}
