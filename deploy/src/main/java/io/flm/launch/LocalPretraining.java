package io.flm.launch;

import ai.djl.Device;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import io.flm.coordinator.HttpSettings;
import io.flm.coordinator.RunView;
import io.flm.data.DataSettings;
import io.flm.data.Ingest;
import io.flm.data.SampleSource;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.exchange.Codec;
import io.flm.exchange.ExchangeNode;
import io.flm.worker.RunPlan;
import io.flm.worker.StepResult;
import io.flm.worker.StepRunner;
import io.flm.worker.TrainerThread;
import io.flm.worker.Worker;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.CheckpointWriter;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.torch.Torch;
import io.flm.worker.train.CheckpointKeeper;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.train.Trainer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A run on a node of this process: a worker for each device, or several on the CPU, and the coordinator that deals them lanes. */
final class LocalPretraining implements Pretraining {
    private final RunRequest request;
    private final RunListener listener;
    private final TrainSettings train;
    private final ModelSettings model;
    private final Optional<Checkpoint> origin;
    private final CheckpointKeeper keeper;
    private final SampleSource samples;
    private final Tokenizer tokenizer;
    private final Ingest ingest;
    private final Node node;
    private final RunPlan plan;
    private final List<Device> workers = new ArrayList<>();
    private final CompletableFuture<Integer> port = new CompletableFuture<>();

    private boolean started; // guarded by this, like all below
    private long firstSampleAt;
    private long lastSampleAt;
    private long trainedSamples;
    private @Nullable Double loss;
    private @Nullable Path checkpoint;

    static Pretraining start(RunRequest request, RunListener listener) {
        LocalPretraining run = new LocalPretraining(request, listener);
        try {
            run.begin();
            return run;
        } catch (RuntimeException | Error e) {
            run.port.completeExceptionally(e);
            run.close();
            throw e;
        }
    }

    private LocalPretraining(RunRequest request, RunListener listener) {
        this.request = request;
        this.listener = listener;
        Config config = request.config();
        train = TrainSettings.from(config);
        model = ModelSettings.from(config);
        DataSettings data = DataSettings.from(config);
        tokenizer = Tokenizer.load(Path.of(config.getString("flm.data.tokenizer")));
        requireRoom(config);
        samples = SampleSource.open(
                config.getStringList("flm.data.paths").stream().map(Path::of).toList());
        ingest = Ingest.open(
                samples,
                tokenizer,
                data,
                train.corruption(),
                model.imageSize(),
                train.lanes(),
                train.microBatch(),
                train.seed());
        CheckpointSettings checkpoints = CheckpointSettings.from(config);
        RunIdentity identity =
                RunIdentity.of(config, Map.of("data", samples.sha256(), "tokenizer", tokenizer.sha256()));
        CheckpointStore store = new CheckpointStore(request.run().resolve("checkpoints"), checkpoints);
        origin = request.resume() ? store.newestValid(listener::onNote) : Optional.empty();
        origin.ifPresent(c -> c.identity().requireSame(identity, c.folder().toString()));
        keeper = new CheckpointKeeper(store, checkpoints, identity, origin, train, this::onCheckpoint);
        List<Device> devices = Torch.devices(config.getString("flm.worker.devices"));
        int count = workerCount(devices);
        for (int i = 0; i < count; i++) {
            workers.add(devices.get(i % devices.size()));
        }
        if (!devices.get(0).isGpu()) {
            MemoryNeed.require(model, train, count, config.getInt("flm.data.prefetch"), Machine.memoryBytes());
        }
        plan = plan(config, identity, count);
        node = new Node(config);
    }

    private RunPlan plan(Config config, RunIdentity identity, int count) {
        String id = UUID.randomUUID().toString();
        String flm = config.withOnlyPath("flm").root().render(ConfigRenderOptions.concise());
        RunPlan run = RunPlan.of(request.name(), id, flm, Version.number(), train.lanes(), train.steps())
                .withWorkers(count, count)
                .withHashes(identity.contents())
                .resuming(request.resume());
        long limitMs = (long) (train.minutes() * 60_000);
        return limitMs > 0 ? run.withDeadline(Clock.systemUTC().millis() + limitMs) : run;
    }

    private void requireRoom(Config config) {
        if (tokenizer.size() > model.vocabulary()) {
            throw new UserException("flm.model.vocabulary = " + model.vocabulary() + ", but the tokenizer has "
                    + tokenizer.size() + " tokens; give at least so many");
        }
        int maxTokens = config.getInt("flm.data.max-tokens");
        if (maxTokens + 2 > model.maxPositions()) { // positions of real tokens count from 2
            throw new UserException(
                    "flm.data.max-tokens = " + maxTokens + ", but flm.model.max-positions = " + model.maxPositions()
                            + " has room for " + (model.maxPositions() - 2) + "; lower the one or raise the other");
        }
    }

    private void begin() {
        ExchangeNode exchange = ExchangeNode.inMemory();
        for (int i = 0; i < workers.size(); i++) {
            Device device = workers.get(i);
            TrainerThread thread =
                    new TrainerThread(worker(i), p -> runner(device, exchange), this::onStep, System::nanoTime);
            node.spawnWorker(new Worker.Identity(worker(i), "local", Torch.name(device), "", Version.number()), thread);
        }
        port.complete(node.coordinate(HttpSettings.from(request.config())));
        node.submit(plan);
    }

    private static String worker(int index) {
        return "worker-" + (index + 1);
    }

    private List<String> workersAndDevices() {
        return IntStream.range(0, workers.size())
                .mapToObj(i -> worker(i) + " " + Torch.name(workers.get(i)))
                .toList();
    }

    /** As configured, else one for each CUDA device, or on the CPU as many as there are lanes, and cores for their threads. */
    private int workerCount(List<Device> devices) {
        int configured = request.config().getInt("flm.worker.workers");
        if (configured > 0) {
            return configured;
        }
        int cores = Runtime.getRuntime().availableProcessors();
        int fit = devices.get(0).isGpu()
                ? devices.size()
                : Math.max(1, cores / request.config().getInt("flm.worker.threads"));
        return Math.min(train.lanes(), fit);
    }

    /** Called on the worker's own thread. */
    private StepRunner runner(Device device, ExchangeNode exchange) {
        Torch.prepareThread(request.config().getInt("flm.worker.threads"));
        FlmModel flm = new FlmModel(
                model, train.objective(), new FlmModel.Compute(device, train.precision(), train.recompute()));
        return new Trainer(train, flm, ingest, exchange, Codec.FP32, new Announcing(flm), node.system());
    }

    /** The first worker that takes up the state tells what is about to train. */
    private final class Announcing implements Trainer.Keeper {
        private final FlmModel flm;

        private Announcing(FlmModel flm) {
            this.flm = flm;
        }

        @Override
        public String restore(ParameterStore store) {
            String how = keeper.restore(store);
            announce(flm.parameters().size(), how);
            return how;
        }

        @Override
        public void committed(ParameterStore store, long steps) {
            keeper.committed(store, steps);
        }

        @Override
        public void save(ParameterStore store, long steps, StepRunner.SaveListener told) {
            keeper.save(store, steps, told);
        }

        @Override
        public long heldSteps() {
            return keeper.heldSteps();
        }

        @Override
        public Map<String, String> hashes() {
            return keeper.hashes();
        }
    }

    private synchronized void announce(long parameterCount, String how) {
        if (started) {
            return;
        }
        started = true;
        HttpSettings http = HttpSettings.from(request.config());
        listener.onStart(new RunListener.Start(
                train.objective(),
                parameterCount,
                workersAndDevices(),
                http.host(),
                port.join(),
                origin.map(Checkpoint::step).orElse(0L),
                train.steps(),
                how));
        firstSampleAt = System.nanoTime();
    }

    private synchronized void onStep(StepResult result) {
        loss = result.loss();
        trainedSamples += result.totals().samples();
        lastSampleAt = System.nanoTime();
        listener.onStep(result);
    }

    private synchronized void onCheckpoint(CheckpointWriter.Event event) {
        if (event instanceof CheckpointWriter.Event.Written written) {
            checkpoint = written.folder();
            listener.onCheckpoint(written.folder(), written.step());
        } else if (event instanceof CheckpointWriter.Event.Failed failed) {
            listener.onNote(failed.message());
        }
    }

    @Override
    public void stop(String reason) {
        node.stop(reason);
    }

    @Override
    public RunResult await() throws InterruptedException {
        RunView view = node.awaitEnd(plan);
        if (view.state().equals("failed")) {
            throw new UserException(view.reason());
        }
        synchronized (this) {
            double seconds = Math.max(1, lastSampleAt - firstSampleAt) / 1e9;
            return new RunResult(
                    view.step(),
                    loss,
                    trainedSamples / seconds,
                    view.weightsSha256() == null ? "" : view.weightsSha256(),
                    checkpoint != null
                            ? checkpoint
                            : origin.map(Checkpoint::folder).orElse(null),
                    view.step() >= train.steps()
                            || (train.minutes() > 0 && view.reason().contains("time limit")),
                    view.reason());
        }
    }

    @Override
    public void close() {
        node.close();
        keeper.close();
        samples.close();
        tokenizer.close();
    }
}
