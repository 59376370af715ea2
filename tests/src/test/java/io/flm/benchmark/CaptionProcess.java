package io.flm.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.Dataset;
import io.flm.data.PictureSettings;
import io.flm.data.Pictures;
import io.flm.data.SampleException;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.decode.Decoder;
import io.flm.worker.decode.Decoding;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.Precision;
import io.flm.worker.torch.Torch;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Writes captions in several ways that take turns, and prints how long each turn took:
 *
 * <pre>
 *   FROM PICTURES TOKENS TURNS THREADS DEVICE CONFIG...   arguments; CONFIG are files of configuration, the last one wins
 *   -> {"cached": [{"ms": 1, "cpu": 2}, ...], "recomputing": ..., "differ": captions}
 * </pre>
 *
 * FROM is a run's folder: its captions end by themselves. Without one ({@code -}) the weights are drawn, and no token ends a caption.
 */
public final class CaptionProcess {
    private final FlmModel model;
    private final int[] start;
    private final int[] stop;
    private final int tokens;

    private CaptionProcess(FlmModel model, int[] start, int[] stop, int tokens) {
        this.model = model;
        this.start = start;
        this.stop = stop;
        this.tokens = tokens;
    }

    /** Starts with the arguments that the class comment names. */
    public static void main(String[] arguments) throws IOException, SampleException {
        boolean drawn = arguments[0].equals("-");
        int pictures = Integer.parseInt(arguments[1]);
        Torch.prepareThread(Integer.parseInt(arguments[4]));
        Checkpoint checkpoint = drawn ? null : CheckpointStore.find(Path.of(arguments[0]), System.err::println);
        Config config = ConfigFactory.defaultReference();
        if (checkpoint != null) {
            config = checkpoint.identity().config(arguments[0]).withFallback(config);
        }
        for (String file : List.of(arguments).subList(6, arguments.length)) {
            config = ConfigFactory.parseFile(Path.of(file).toFile()).resolve().withFallback(config);
        }
        config = config.resolve();
        TrainSettings train = TrainSettings.from(config);
        try (Tokenizer tokenizer = Tokenizer.load(Path.of(config.getString("flm.data.tokenizer")));
                FlmModel model = new FlmModel(
                        ModelSettings.from(config)
                                .counting(tokenizer.vocabulary().positions()),
                        train.objective().parts(),
                        new FlmModel.Compute(Torch.devices(arguments[5]).get(0), Precision.FP32, false))) {
            ParameterStore parameters = model.parameters();
            if (checkpoint == null) {
                parameters.initialize(1);
            } else {
                checkpoint.restoreWeights(
                        parameters.layout().stream()
                                .map(p -> new TensorRange(p.name(), p.offset(), p.shape()))
                                .toList(),
                        (offset, floats) -> parameters.write(ParameterStore.Buffer.VALUES, offset, floats));
            }
            int[] start = new TextLayout(tokenizer.vocabulary(), config.getBoolean("flm.data.begin-token")).start();
            int[] stop = drawn ? new int[0] : new int[] {tokenizer.vocabulary().endId()};
            new CaptionProcess(model, start, stop, Integer.parseInt(arguments[2]))
                    .takeTurns(pixels(config, model, pictures), pictures, Integer.parseInt(arguments[3]));
        }
    }

    /** Held-out pictures. */
    private static ByteBuffer pixels(Config config, FlmModel model, int count) throws IOException, SampleException {
        int size = model.settings().imageSize();
        ByteBuffer pixels = ByteBuffer.allocateDirect(count * 3 * size * size);
        Pictures pictures = Pictures.with(PictureSettings.from(config));
        List<Path> paths = config.getStringList("flm.data.eval-paths").stream()
                .map(Path::of)
                .toList();
        try (Dataset samples = Dataset.open(paths)) {
            for (int i = 0; i < count; i++) {
                pixels.put(pictures.decode(pictures.read(samples, i), size));
            }
        }
        return pixels.flip();
    }

    /** One way, the captions that it wrote first, and its turns since. */
    private record Way(String name, Supplier<int[][]> writes, int[][] captions, List<Turn> turns) {
        static Way of(String name, Supplier<int[][]> writes) {
            return new Way(name, writes, writes.get(), new ArrayList<>());
        }

        void takeTurn() {
            long begin = System.nanoTime();
            long cpuBegin = cpuNanos();
            int[][] again = writes.get();
            turns.add(new Turn((System.nanoTime() - begin) / 1e6, (cpuNanos() - cpuBegin) / 1e6));
            if (differ(captions, again) > 0) {
                throw new IllegalStateException(name + " wrote other captions the next time");
            }
        }
    }

    /** How long it took, and the processor time of all threads. */
    private record Turn(double ms, double cpu) {}

    private void takeTurns(ByteBuffer pixels, int pictures, int turns) throws IOException {
        long[] keys = new long[pictures];
        Arrays.setAll(keys, i -> i);
        try (NDManager scope = model.newScope()) {
            NDArray features = model.imageFeatures(scope, pixels, pictures);
            Decoder decoder = new Decoder(model, new CaptionBounds(start, stop, tokens));
            RecomputingDecoder recomputing = new RecomputingDecoder(model);
            Way cached = Way.of("cached", () -> decoder.greedy(features));
            Way plain = Way.of("recomputing", () -> recomputing.greedy(features, start, stop, tokens));
            List<Way> ways = List.of(
                    cached,
                    plain,
                    Way.of("sampling", () -> decoder.write(features, new Decoding.Sampling(1, 0.9, 1), keys)),
                    Way.of("beam", () -> decoder.write(features, new Decoding.Beam(5, 1), keys)));
            for (int turn = 0; turn < turns; turn++) {
                ways.forEach(Way::takeTurn);
            }
            Map<String, Object> answer = new LinkedHashMap<>();
            ways.forEach(way -> answer.put(way.name(), way.turns()));
            answer.put("differ", differ(cached.captions(), plain.captions()));
            answer.put(
                    "tokens",
                    Arrays.stream(cached.captions())
                            .mapToInt(c -> c.length)
                            .average()
                            .orElse(0));
            System.out.println(new ObjectMapper().writeValueAsString(answer));
        }
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static int differ(int[][] a, int[][] b) {
        int count = 0;
        for (int i = 0; i < a.length; i++) {
            count += Arrays.equals(a[i], b[i]) ? 0 : 1;
        }
        return count;
    }
}
