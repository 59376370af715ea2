package io.flm.coordinator;

import io.flm.worker.ShownSamples;
import io.flm.worker.ShownSamples.Predictions;
import io.flm.worker.ShownSamples.Sample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The held-out samples of a run that people look at, and what weights said of them from its first step on. As many predictions are
 * kept as memory may take: once there are too many every second one goes, so that the older they are, the more steps lie between two.
 */
public final class SampleHistory {
    /** Predictions that are kept at most. */
    public static final int MOST = 64;

    private final List<@Nullable Sample> samples = new ArrayList<>();
    private final List<Predictions> predictions = new ArrayList<>();

    /**
     * Takes a sample up, again where it is known.
     *
     * @param number from 0; one that is out of range is passed over
     */
    public void show(int number, Sample sample) {
        if (number < 0 || number >= ShownSamples.MOST) {
            return;
        }
        while (samples.size() <= number) {
            samples.add(null);
        }
        samples.set(number, sample);
    }

    /** Takes predictions up. Those of later steps, which are done again, are dropped. */
    public void add(Predictions of) {
        predictions.removeIf(known -> known.step() >= of.step());
        if (predictions.size() == MOST) {
            for (int i = MOST - 1; i > 0; i -= 2) {
                predictions.remove(i);
            }
        }
        predictions.add(of);
    }

    /** Puts what came before in front of what is known. */
    void prepend(SampleHistory before) {
        List<Predictions> since = List.copyOf(predictions);
        List<@Nullable Sample> newer = new ArrayList<>(samples);
        predictions.clear();
        samples.clear();
        samples.addAll(before.samples);
        for (int number = 0; number < newer.size(); number++) {
            Sample sample = newer.get(number);
            if (sample != null) {
                show(number, sample);
            }
        }
        before.predictions.forEach(this::add);
        since.forEach(this::add);
    }

    /** The samples that are known, with their numbers as indices; null where one was not heard of. */
    public List<@Nullable Sample> samples() {
        return Collections.unmodifiableList(samples);
    }

    /** The predictions that are kept, the oldest first. */
    public List<Predictions> predictions() {
        return List.copyOf(predictions);
    }

    /**
     * The samples with what the weights of a step said of them, or of the last step before it of which that is known.
     *
     * @param step committed steps
     */
    SamplesView view(String run, long step) {
        Predictions at = null;
        for (Predictions each : predictions) {
            if (at == null || each.step() <= step) {
                at = each;
            }
        }
        List<SamplesView.Shown> shown = new ArrayList<>();
        for (int number = 0; number < samples.size(); number++) {
            Sample sample = samples.get(number);
            if (sample != null) {
                shown.add(new SamplesView.Shown(
                        number,
                        sample.key(),
                        sample.name(),
                        sample.tokens(),
                        sample.how(),
                        sample.views(),
                        at == null || number >= at.bySample().size()
                                ? null
                                : at.bySample().get(number)));
            }
        }
        return new SamplesView(
                run, predictions.stream().map(Predictions::step).toList(), at == null ? null : at.step(), shown);
    }

    /** The picture of a sample, PNG in Base64; null where it is not known. */
    PictureView picture(int number) {
        Sample sample = number < samples.size() ? samples.get(number) : null;
        return new PictureView(sample == null ? null : sample.picture());
    }
}
