package io.flm.worker.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.BrokenShards;
import io.flm.data.CorruptionCounts;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.Ingest;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.exchange.Codec;
import io.flm.exchange.ExchangeException;
import io.flm.exchange.ExchangeNode;
import io.flm.exchange.LaneRange;
import io.flm.worker.BlockingTrainer;
import io.flm.worker.Generation;
import io.flm.worker.ShownSamples;
import io.flm.worker.StepResult;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.evaluate.HeldOutValidation;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.Loss;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.Precision;
import io.flm.worker.torch.Torch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a trainer holds outside of a generation. */
class TrainerTest {
    private static final Path EMOJI =
            Path.of("../data-stream/emoji").toAbsolutePath().normalize();
    private static final ModelSettings SIZES = new ModelSettings(40, 16, 2, 2, 1, 1, 1, 1, 16, 16, 8, 16, 2, 1, 0);
    private static final ModelSettings OF_EMOJI =
            new ModelSettings(2048, 16, 2, 2, 1, 1, 1, 1, 52, 16, 8, 16, 2, 1, 0.1); // with dropout
    private static final int SHOWN = 40; // more than a micro-batch
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final Config CONFIG =
            ConfigFactory.parseString("flm.checkpoint.keep = 1").withFallback(ConfigFactory.defaultReference());
    private static final RunIdentity IDENTITY = RunIdentity.of(CONFIG, Map.of("data", "d1"));

    private final TrainSettings train = TrainSettings.from(CONFIG);
    private final Tokenizer tokenizer = Tokenizer.load(EMOJI.resolve("tokenizer-emoji-2k.json"));
    private final Dataset samples = Dataset.open(List.of(EMOJI.resolve("emoji-fluent.tar.gz")));
    private final Ingest ingest = Ingest.open(
            samples,
            tokenizer,
            DataSettings.from(CONFIG),
            train.objective().corruption(new TextLayout(tokenizer.vocabulary(), false)),
            SIZES.imageSize(),
            train.lanes(),
            train.microBatch(),
            train.seed());

    @TempDir
    Path folder;

    @BeforeEach
    void prepare() {
        Torch.prepareThread(1);
    }

    @AfterEach
    void close() {
        ingest.close();
        samples.close();
        tokenizer.close();
    }

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    private CheckpointStore store() {
        return new CheckpointStore(folder, CheckpointSettings.from(CONFIG));
    }

    private RunCheckpoints keeper() {
        CheckpointStore store = store();
        return new RunCheckpoints(
                store,
                CheckpointSettings.from(CONFIG),
                IDENTITY,
                store.newestValid(line -> {}),
                Optional.empty(),
                Optional.empty(),
                train,
                event -> {});
    }

    private FlmModel model() {
        return model(SIZES);
    }

    private FlmModel model(ModelSettings sizes) {
        return new FlmModel(
                sizes, train.objective().parts(), new FlmModel.Compute(Device.cpu(), Precision.FP32, false));
    }

    private Trainer trainer(RunCheckpoints keeper) {
        return new Trainer(
                train, model(), ingest, ExchangeNode.inMemory(), Codec.FP32, keeper, Validation.NONE, KIT.system());
    }

    /** Writes a checkpoint, as another process does; gives the SHA-256 of its weights. */
    private String write(long steps) {
        return write(steps, BrokenShards.NONE);
    }

    private String write(long steps, BrokenShards broken) {
        Saved saved = new Saved();
        try (FlmModel model = model();
                RunCheckpoints other = keeper()) {
            ParameterStore parameters = model.parameters();
            parameters.initialize(steps);
            other.save(parameters, steps, broken, saved);
            assertThat(saved.answer.join()).isEqualTo("saved " + steps);
            return parameters.sha256();
        }
    }

    /** A run that is resumed and stopped before its first generation saves what it was resumed from. */
    @Test
    void aStateThatIsSavedBeforeAnyGenerationStillLeavesItsShardsOut() {
        BrokenShards broken = BrokenShards.NONE.with("https://host/a.tar", 3);
        write(5, broken);
        try (RunCheckpoints keeper = keeper();
                Trainer trainer = trainer(keeper)) {
            assertThat(trainer.brokenShards()).isEqualTo(broken);
            Saved saved = new Saved();
            trainer.save(saved);
            assertThat(saved.answer.join()).isEqualTo("saved 5");
            assertThat(trainer.brokenShards()).isEqualTo(broken);
        }
        assertThat(store().newestValid(line -> {}).orElseThrow().broken()).isEqualTo(broken);
    }

    private static final class Saved implements BlockingTrainer.SaveListener {
        private final CompletableFuture<String> answer = new CompletableFuture<>();

        @Override
        public void onSaved(long step, String where) {
            answer.complete("saved " + step);
        }

        @Override
        public void onFailed(String reason) {
            answer.complete(reason);
        }
    }

    private static String save(Trainer trainer) {
        Saved saved = new Saved();
        trainer.save(saved);
        return saved.answer.join();
    }

    @Test
    void hashesAndSavesTheCheckpointThatItHoldsBeforeItsFirstGeneration() {
        String weights = write(7);
        try (RunCheckpoints keeper = keeper();
                Trainer saves = trainer(keeper);
                Trainer hashes = trainer(keeper)) {
            assertThat(saves.committedSteps()).isEqualTo(7);
            assertThat(save(saves)).isEqualTo("saved 7");
            assertThat(hashes.weightsSha256()).isEqualTo(weights);
            assertThat(saves.weightsSha256()).isEqualTo(weights);
        }
    }

    @Test
    void aCheckpointThatAnotherProcessWroteSinceIsWhatTheNextGenerationBeginsWith() throws Exception {
        write(500);
        try (RunCheckpoints keeper = keeper();
                Trainer trainer = trainer(keeper)) {
            String weights = write(1500); // and deletes that of step 500
            assertThat(trainer.committedSteps()).isEqualTo(500);
            assertThatThrownBy(() -> trainer.enter(alone(1, 500), 0))
                    .isInstanceOf(ExchangeException.class)
                    .hasMessageContaining("that of step 1500 was written since");
            trainer.leave();
            assertThat(trainer.committedSteps()).isEqualTo(1500);
            assertThat(trainer.enter(alone(2, 1500), 0)).endsWith("step-0000001500");
            assertThat(trainer.weightsSha256()).isEqualTo(weights);
        }
    }

    @Test
    void aNewRunBeginsWithTheWeightsOfACheckpointAndNothingElseOfIt() throws Exception {
        String weights = write(500);
        Optional<Checkpoint> from = store().newestValid(line -> {});
        CheckpointStore own = new CheckpointStore(folder.resolve("new"), CheckpointSettings.from(CONFIG));
        try (RunCheckpoints keeper = new RunCheckpoints(
                        own,
                        CheckpointSettings.from(CONFIG),
                        IDENTITY,
                        Optional.empty(),
                        from,
                        Optional.empty(),
                        train,
                        event -> {});
                Trainer trainer = trainer(keeper)) {
            assertThat(trainer.committedSteps()).isZero();
            assertThat(trainer.enter(alone(1, 0), 0))
                    .startsWith("the weights of ")
                    .contains("step-0000000500: ");
            assertThat(trainer.weightsSha256()).isEqualTo(weights);
        }
    }

    @Test
    void aRunThatBeganWithTheSeedGoesOnFromItsCheckpoint() {
        try (RunCheckpoints keeper = keeper();
                Trainer trainer = trainer(keeper)) {
            write(9500);
            assertThatThrownBy(() -> trainer.enter(alone(1, 0), 0)).isInstanceOf(ExchangeException.class);
            assertThat(trainer.committedSteps()).isEqualTo(9500);
        }
    }

    @Test
    void validationTellsTheSameForEveryDealAndLeavesTheWeightsAlone() throws Exception {
        Config config = ConfigFactory.parseString("flm.evaluate { every = 2, every-samples = 50, every-shown = " + SHOWN
                        + " }, flm.data.eval-paths = [\"" + EMOJI.resolve("emoji-noto.tar.gz") + "\"]")
                .withFallback(CONFIG);
        Validation validation = HeldOutValidation.from(config, tokenizer, SIZES.imageSize(), line -> {});
        int half = train.lanes() / 2;
        Trained plain = train(Validation.NONE, new LaneRange(0, train.lanes()));
        Trained alone = train(validation, new LaneRange(0, train.lanes()));
        Trained shared = train(validation, new LaneRange(0, half), new LaneRange(half, train.lanes()));
        assertThat(plain.results()).allMatch(result -> result.heldOut() == null);
        assertThat(alone.sha256()).isEqualTo(plain.sha256());
        assertThat(shared.sha256()).isEqualTo(plain.sha256());
        for (int step = 0; step < 5; step++) {
            List<CorruptionCounts> corruption = alone.results().get(step).corruption();
            assertThat(corruption)
                    .hasSize(3)
                    .isEqualTo(shared.results().get(step).corruption())
                    .isEqualTo(plain.results().get(step).corruption());
            assertThat(corruption.get(0).predictionRate()).isEqualTo(1);
            assertThat(corruption.get(0).predicted())
                    .isEqualTo(plain.results().get(step).totals().targetCounts()[0]);
            assertThat(corruption.get(1).corruptionRate()).isBetween(0.3, 0.6);
            Loss said = alone.results().get(step).heldOut();
            Loss same = shared.results().get(step).heldOut();
            assertThat(alone.results().get(step).totals().targetCounts())
                    .isEqualTo(plain.results().get(step).totals().targetCounts());
            assertThat(alone.results().get(step).gradientNorm())
                    .isPositive()
                    .isEqualTo(shared.results().get(step).gradientNorm());
            ShownSamples shown = alone.results().get(step).shown();
            assertThat(shared.results().get(step).shown()).isEqualTo(shown);
            if (said == null || same == null || shown == null) {
                assertThat(List.of(0, 1, 3)).contains(step);
                continue;
            }
            assertThat(shown.predictions().step()).isEqualTo(step);
            isWhole(shown);
            assertThat(said.targetCounts()).hasSize(3).isEqualTo(same.targetCounts());
            assertThat(said.targetCounts()[0]).isGreaterThan(100);
            assertThat(said.sums()).isEqualTo(same.sums());
            assertThat(said.mean(0)).isBetween(2.0, 8.0); // log 2048 = 7.6 by chance
        }
    }

    /** Each token that is predicted has a guess, and each view a letter for each pair of tokens; FLM hides what is predicted. */
    private static void isWhole(ShownSamples shown) {
        assertThat(shown.samples()).hasSize(SHOWN);
        assertThat(shown.predictions().bySample()).hasSize(SHOWN);
        for (int k = 0; k < SHOWN; k++) {
            ShownSamples.Sample sample = shown.samples().get(k);
            ShownSamples.Prediction prediction = shown.predictions().bySample().get(k);
            int n = sample.tokens().size();
            assertThat(prediction.guesses()).hasSizeBetween(1, n).allSatisfy(guess -> {
                assertThat(guess.probability()).isBetween(0.0, 1.0);
                assertThat(sample.views().get(2).rows().get(guess.token()).charAt(guess.token()))
                        .isEqualTo('h');
            });
            assertThat(prediction.loss()).isBetween(1.0, 12.0);
            assertThat(sample.views())
                    .extracting(ShownSamples.View::reader)
                    .containsExactly("l2r", "r2l", "reconstructor");
            sample.views()
                    .forEach(view -> assertThat(view.rows())
                            .hasSize(n)
                            .allSatisfy(row -> assertThat(row).hasSize(n).matches("[slrbh-]+")));
            assertThat(new String(Base64.getDecoder().decode(sample.picture()), StandardCharsets.ISO_8859_1))
                    .startsWith("\u0089PNG\r\n");
        }
    }

    private record Trained(String sha256, List<StepResult> results) {}

    /** Five steps from the seed by a worker for each range of lanes; what rank 0 has then. */
    private Trained train(Validation validation, LaneRange... ranges) throws Exception {
        ExchangeNode node = ExchangeNode.inMemory();
        List<Generation.Member> members = new ArrayList<>();
        for (LaneRange range : ranges) {
            members.add(new Generation.Member("w" + members.size(), "node", "", range));
        }
        Generation generation = Generation.of(1, "run", 0, members);
        List<CompletableFuture<Trained>> trained = new ArrayList<>();
        for (int rank = 0; rank < ranges.length; rank++) {
            int own = rank;
            CompletableFuture<Trained> future = new CompletableFuture<>();
            new Thread(() -> {
                        Torch.prepareThread(1);
                        try (RunCheckpoints keeper = keeper();
                                Trainer trainer = new Trainer(
                                        train,
                                        model(OF_EMOJI),
                                        ingest,
                                        node,
                                        Codec.FP32,
                                        keeper,
                                        validation,
                                        KIT.system())) {
                            trainer.enter(generation, own);
                            List<StepResult> results = new ArrayList<>();
                            for (int step = 0; step < 5; step++) {
                                results.add(trainer.step(false));
                            }
                            future.complete(new Trained(trainer.weightsSha256(), results));
                        } catch (Exception e) {
                            future.completeExceptionally(e);
                        }
                    })
                    .start();
            trained.add(future);
        }
        for (CompletableFuture<Trained> future : trained) {
            future.get();
        }
        return trained.get(0).get();
    }

    private Generation alone(long number, long step) {
        return Generation.of(
                number, "run", step, List.of(new Generation.Member("w", "node", "", new LaneRange(0, train.lanes()))));
    }

    @Test
    void hasNothingToSaveWhereItBeginsWithTheSeed() {
        try (RunCheckpoints keeper = keeper();
                Trainer trainer = trainer(keeper)) {
            assertThat(save(trainer)).startsWith("nothing is trained yet");
        }
    }
}
