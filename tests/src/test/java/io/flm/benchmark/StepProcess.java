package io.flm.benchmark;

import ai.djl.Device;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.BrokenShards;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.Ingest;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.exchange.Codec;
import io.flm.exchange.ExchangeNode;
import io.flm.exchange.LaneRange;
import io.flm.worker.BlockingTrainer;
import io.flm.worker.Generation;
import io.flm.worker.Generation.Member;
import io.flm.worker.StepResult;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.torch.Torch;
import io.flm.worker.train.Checkpoints;
import io.flm.worker.train.InitialState;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.train.Trainer;
import io.flm.worker.train.Validation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Runs training steps when it is told to, so that they can take turns with those of another process:
 *
 * <pre>
 *   FOLDER STEPS WORKERS THREADS DEVICE CONFIG...   arguments; CONFIG are files of configuration, the last one wins
 *   -> {"ready": ...}                         the weights and the batches of the first STEPS steps are in FOLDER
 *   "k"  -> {"steps": [{"ms": ..., ...}]}     k more steps, by the same trainers, pipeline and exchange as a run
 *   ""   -> ends
 * </pre>
 */
public final class StepProcess implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Config config;
    private final TrainSettings train;
    private final ModelSettings model;
    private final int threads;
    private final Device device;
    private final Tokenizer tokenizer;
    private final Dataset samples;
    private final Ingest ingest;
    private final ActorSystem<Void> system;
    private final ExchangeNode exchange = ExchangeNode.inMemory();
    private final List<ExecutorService> workers = new ArrayList<>();
    private final List<Trainer> trainers = new ArrayList<>();

    private StepProcess(Config config, int threads, String device) {
        this.config = config;
        this.threads = threads;
        this.device = Torch.devices(device).get(0);
        train = TrainSettings.from(config);
        tokenizer = Tokenizer.load(Path.of(config.getString("flm.data.tokenizer")));
        model = ModelSettings.from(config).counting(tokenizer.vocabulary().positions());
        samples = Dataset.open(
                config.getStringList("flm.data.paths").stream().map(Path::of).toList());
        DataSettings data = DataSettings.from(config);
        ingest = Ingest.open(
                samples,
                tokenizer,
                data,
                train.objective().corruption(new TextLayout(tokenizer.vocabulary(), data.beginToken())),
                model.imageSize(),
                train.lanes(),
                train.microBatch(),
                train.seed());
        system = ActorSystem.create(Behaviors.empty(), "benchmark", config);
    }

    /** Starts with the arguments that the class comment names. */
    public static void main(String[] arguments) throws Exception {
        Config config = ConfigFactory.defaultReference();
        for (String file : List.of(arguments).subList(5, arguments.length)) {
            config = ConfigFactory.parseFile(Path.of(file).toFile()).resolve().withFallback(config);
        }
        try (StepProcess process = new StepProcess(config.resolve(), Integer.parseInt(arguments[3]), arguments[4])) {
            process.enter(Path.of(arguments[0]), Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            process.serve();
        }
    }

    /** Deals the lanes in contiguous runs, as a run does, and writes what the other contenders start with. */
    private void enter(Path folder, int steps, int workerCount) throws Exception {
        List<Member> members = new ArrayList<>();
        for (int rank = 0; rank < workerCount; rank++) {
            LaneRange lanes =
                    new LaneRange(rank * train.lanes() / workerCount, (rank + 1) * train.lanes() / workerCount);
            members.add(new Member("worker-" + (rank + 1), "node", "", lanes));
        }
        Generation generation = Generation.of(1, "benchmark", 0, members);
        List<Future<?>> entered = new ArrayList<>();
        for (int rank = 0; rank < workerCount; rank++) {
            int own = rank;
            ExecutorService worker = Executors.newSingleThreadExecutor(task -> new Thread(task, "trainer-" + own));
            workers.add(worker);
            trainers.add(worker.submit(() -> trainer(folder)).get());
            entered.add(worker.submit(() -> trainers.get(own).enter(generation, own)));
        }
        for (Future<?> one : entered) {
            one.get();
        }
        new StepInputs(folder, train.lanes(), train.microBatch(), model.imageSize())
                .writeBatches(ingest, system, steps);
        Map<String, Object> ready = new LinkedHashMap<>();
        ready.put("ready", true);
        ready.put("model", config.getConfig("flm.model").root().unwrapped());
        ready.put("train", config.getConfig("flm.train").root().unwrapped());
        answer(ready);
    }

    private Trainer trainer(Path folder) {
        Torch.prepareThread(threads);
        FlmModel flm = new FlmModel(
                model, train.objective().parts(), new FlmModel.Compute(device, train.precision(), train.recompute()));
        return new Trainer(
                train, flm, ingest, exchange, Codec.FP32, new FromSeed(folder, train.seed()), Validation.NONE, system);
    }

    /** Begins with weights drawn from the seed, as a run does, and keeps no checkpoint. */
    private record FromSeed(Path folder, long seed) implements Checkpoints, InitialState {
        @Override
        public InitialState newest() {
            return this;
        }

        @Override
        public String restore(ParameterStore store) {
            store.initialize(seed);
            synchronized (FromSeed.class) { // all workers have the same weights, and write the same file
                StepInputs.writeWeights(folder, store);
            }
            return "seed " + seed;
        }

        @Override
        public void committed(ParameterStore store, long steps, BrokenShards broken) {}

        @Override
        public void save(ParameterStore store, long steps, BrokenShards broken, BlockingTrainer.SaveListener listener) {
            listener.onFailed("a benchmark keeps no checkpoints");
        }

        @Override
        public long steps() {
            return 0;
        }

        @Override
        public Map<String, String> hashes() {
            return Map.of();
        }
    }

    private void serve() throws IOException, InterruptedException, ExecutionException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
            List<Map<String, Object>> steps = new ArrayList<>();
            for (int k = Integer.parseInt(line); k > 0; k--) {
                steps.add(step());
            }
            answer(Map.of("steps", steps));
        }
    }

    /** One step of all workers; it ends when the last of them has committed it. */
    private Map<String, Object> step() throws InterruptedException, ExecutionException {
        long begin = System.nanoTime();
        long cpuBegin = cpuNanos();
        List<Future<StepResult>> running = new ArrayList<>();
        for (int rank = 0; rank < trainers.size(); rank++) {
            Trainer trainer = trainers.get(rank);
            running.add(workers.get(rank).submit(() -> trainer.step(false)));
        }
        List<StepResult> results = new ArrayList<>();
        for (Future<StepResult> one : running) {
            results.add(one.get());
        }
        long end = System.nanoTime();
        StepResult first = results.get(0);
        Map<String, Object> step = new LinkedHashMap<>();
        step.put("ms", (end - begin) / 1e6);
        step.put("cpu", (cpuNanos() - cpuBegin) / 1e6); // of the whole process: the pipeline and the JIT compiler too
        step.put("data", first.times().dataNs() / 1e6);
        step.put("forward", first.times().forwardNs() / 1e6);
        step.put("backward", first.times().backwardNs() / 1e6);
        step.put("exchange", first.times().exchangeNs() / 1e6);
        step.put("optimizer", first.times().optimizerNs() / 1e6);
        step.put("loss", first.loss());
        return step;
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static void answer(Map<String, Object> object) throws IOException {
        System.out.println(JSON.writeValueAsString(object));
        System.out.flush();
    }

    @Override
    public void close() {
        for (int rank = 0; rank < trainers.size(); rank++) {
            workers.get(rank).execute(trainers.get(rank)::close);
            workers.get(rank).shutdown();
        }
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().join();
        ingest.close();
        samples.close();
        tokenizer.close();
    }
}
