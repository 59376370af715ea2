package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.List;

/**
 * The scores of captions against what people wrote of the same pictures, as pycocoevalcap 1.2 computes them, each from 0 to 1,
 * but {@code cider}, which is from 0 to 10.
 *
 * @param bleu BLEU-1 to BLEU-4
 * @param cider CIDEr-D, which pycocoevalcap calls CIDEr
 * @param exact the share of captions that are one of their references, word for word: 1 or 0 of each
 */
public record CaptionScores(List<Score> bleu, Score rougeL, Score cider, Score exact) {

    /** What was written of a picture, and one or more texts that are right. */
    public record Caption(String candidate, List<String> references) {
        public Caption {
            references = List.copyOf(references);
            if (references.isEmpty()) {
                throw new IllegalArgumentException("a caption without reference: " + candidate);
            }
        }
    }

    /** A caption's runs of words. */
    record Counted(NGrams candidate, List<NGrams> references) {}

    public CaptionScores {
        bleu = List.copyOf(bleu);
    }

    /** Of one or more captions; scores of each are in their order. What CIDEr-D says depends on all the references together. */
    public static CaptionScores of(List<Caption> captions) {
        if (captions.isEmpty()) {
            throw new IllegalArgumentException("no captions");
        }
        List<Counted> counted = new ArrayList<>();
        List<Double> rouge = new ArrayList<>();
        List<Double> exact = new ArrayList<>();
        for (Caption caption : captions) {
            List<String> words = CaptionTokenizer.words(caption.candidate());
            List<List<String>> references =
                    caption.references().stream().map(CaptionTokenizer::words).toList();
            counted.add(new Counted(
                    NGrams.of(words), references.stream().map(NGrams::of).toList()));
            rouge.add(RougeL.of(words, references));
            exact.add(references.contains(words) ? 1.0 : 0.0);
        }
        return new CaptionScores(Bleu.of(counted), Score.mean(rouge), CiderD.of(counted), Score.mean(exact));
    }
}
