package io.flm.worker;

import io.flm.data.CorruptionCounts;
import io.flm.worker.AsyncTrainer.Head;
import io.flm.worker.model.Loss;
import java.util.ArrayList;
import java.util.List;

/** The prediction and corruption rates of each head, over all steps that a trainer has made of a run. */
final class MeasuredRates {
    private final List<CorruptionCounts> sums = new ArrayList<>();

    void add(StepResult result) {
        for (int head = 0; head < result.corruption().size(); head++) {
            CorruptionCounts counts = result.corruption().get(head);
            if (head == sums.size()) {
                sums.add(counts);
            } else {
                sums.set(head, sums.get(head).plus(counts));
            }
        }
    }

    /**
     * Each head of the objective.
     *
     * @param loss of the last step
     */
    List<Head> heads(List<String> names, Loss loss) {
        List<Head> heads = new ArrayList<>();
        for (int head = 0; head < names.size(); head++) {
            CorruptionCounts counts = head < sums.size() ? sums.get(head) : CorruptionCounts.NONE;
            heads.add(new Head(
                    names.get(head),
                    loss.mean(head),
                    loss.accuracy(head),
                    counts.any() ? counts.predictionRate() : null,
                    counts.any() ? counts.corruptionRate() : null));
        }
        return heads;
    }
}
