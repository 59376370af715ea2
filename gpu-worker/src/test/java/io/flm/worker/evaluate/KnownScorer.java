package io.flm.worker.evaluate;

import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.TokenTargets;
import io.flm.data.TokenizerKind;
import io.flm.data.Vocabulary;
import io.flm.data.Words;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.model.TargetScores;
import io.flm.worker.objective.Objective;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A model whose answers are known: it reads the number of a sample off the picture, or sees nothing at all. */
class KnownScorer implements Scorer {
    static final int START = 0;
    static final int PAD = 1;
    static final int END = 2;
    static final int MASK = 4;
    static final int PERIOD = 5;
    private static final int FIRST_WORD = 6;
    private static final double VOCABULARY = 1000;

    private final Objective objective;
    private final List<int[]> texts;
    private final boolean sees;

    /** @param sees whether pictures mean something to the model */
    KnownScorer(Objective objective, HeldOut heldOut, boolean sees) {
        this.objective = objective;
        this.texts = heldOut.examples().stream().map(Example::ids).toList();
        this.sees = sees;
    }

    /** Samples named {@code w0 w3 w7}: all different, of one to three words, the number in the first two pixels. */
    static HeldOut heldOut(int count) {
        List<Example> examples = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            int n = number;
            int[] words = IntStream.range(0, 1 + n % 3)
                    .map(i -> FIRST_WORD + (i == 0 ? n : i))
                    .toArray();
            List<Integer> row = new ArrayList<>(List.of(START, END));
            Arrays.stream(words).forEach(row::add);
            row.addAll(List.of(PERIOD, END));
            byte[] pixels = new byte[3 * 4];
            pixels[0] = (byte) (n / 256);
            pixels[1] = (byte) n;
            examples.add(new Example("shard:" + n, name(words), ints(row), pixels));
        }
        return new HeldOut(2, examples);
    }

    static CaptionFormat format() {
        Vocabulary vocabulary =
                new Vocabulary(100, TokenizerKind.ROBERTA, START, PAD, END, MASK, PERIOD, Words.each(100));
        return new CaptionFormat(new TextLayout(vocabulary, true), KnownScorer::name);
    }

    private static String name(int[] words) {
        return Arrays.stream(words).mapToObj(w -> w == PERIOD ? "." : "w" + w).collect(Collectors.joining(" "));
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(i -> i).toArray();
    }

    private record Numbers(List<Integer> numbers) implements Seen {
        @Override
        public int rows() {
            return numbers.size();
        }

        @Override
        public Seen row(int index) {
            return new Numbers(List.of(numbers.get(index)));
        }

        @Override
        public Seen shifted() {
            List<Integer> shifted = new ArrayList<>(numbers.subList(1, numbers.size()));
            shifted.add(numbers.get(0));
            return new Numbers(shifted);
        }

        @Override
        public void close() {}
    }

    @Override
    public Objective objective() {
        return objective;
    }

    @Override
    public Seen see(ByteBuffer pixels, int rows) {
        int each = pixels.remaining() / rows;
        return new Numbers(IntStream.range(0, rows)
                .map(r -> (pixels.get(r * each) & 255) * 256 + (pixels.get(r * each + 1) & 255))
                .boxed()
                .toList());
    }

    @Override
    public List<TargetScores> score(TextBatch batch, Seen seen) {
        List<Integer> numbers = ((Numbers) seen).numbers();
        List<TargetScores> heads = new ArrayList<>();
        for (int h = 0; h < batch.heads().size(); h++) {
            TokenTargets head = batch.tokens(h);
            float[] logProbs = new float[head.count()];
            int[] best = new int[head.count()];
            for (int k = 0; k < head.count(); k++) {
                int row = head.positions()[k] / batch.length();
                int column = head.positions()[k] % batch.length() + (batch.streams() == Streams.LEFT_TO_RIGHT ? 1 : 0);
                int[] text = texts.get(numbers.get(numbers.size() == 1 ? 0 : row));
                best[k] = sees && column < text.length ? text[column] : PAD;
                boolean known = best[k] == head.ids()[k];
                logProbs[k] = !sees ? (float) -Math.log(VOCABULARY) : known ? 0 : -20;
            }
            heads.add(new TargetScores(logProbs, best));
        }
        return heads;
    }

    @Override
    public int[][] greedy(Seen seen, CaptionBounds bounds) {
        return ((Numbers) seen)
                .numbers().stream()
                        .map(n -> sees ? texts.get(n) : new int[] {START, END, PERIOD, END})
                        .toArray(int[][]::new);
    }
}
