package io.flm.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.UserException;
import io.flm.worker.objective.Objective;
import io.flm.worker.optimize.OptimizerSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private record Group(double factor, boolean decay) {}

    /** The sizes of tests/golden/flm-tiny. */
    private static final ModelSettings TINY = new ModelSettings(120, 32, 4, 4, 2, 2, 2, 2, 40, 48, 16, 32, 4, 2, 0);

    private static final OptimizerSettings OFFICIAL = new OptimizerSettings(0.9, 0.98, 1e-8, 0.01, 0, 5, 5, 1);

    private static List<KernelArgument> arguments(ModelSettings settings, Objective objective) {
        return Architecture.of(settings, objective.parts())
                .parameters()
                .arguments()
                .toList();
    }

    private static Parameter parameter(KernelArgument unit) {
        return new Parameter(
                unit.key(), 0, unit.shape(), unit.stage().index(), unit.group(), unit.depth(), unit.decay());
    }

    @Test
    void everyParameterIsInItsOfficialOptimizerGroup() throws IOException {
        JsonNode meta = new ObjectMapper()
                .readTree(Path.of("../tests/golden/flm-tiny/meta.json").toFile());
        Map<String, Group> official = new TreeMap<>();
        for (JsonNode g : meta.at("/optimizer/groups")) {
            Group group = new Group(
                    g.get("lr_multiplier").asDouble(), g.get("weight_decay").asDouble() > 0);
            g.get("names").forEach(name -> official.put(name.asText(), group));
        }
        Set<String> untrained = new HashSet<>();
        meta.get("parameters_without_gradient").forEach(name -> untrained.add(name.asText()));
        Map<String, Group> ours = new TreeMap<>();
        for (KernelArgument unit : arguments(TINY, SmallModel.FLM)) {
            unit.names().forEach(name -> ours.put(name, new Group(OFFICIAL.factor(parameter(unit)), unit.decay())));
        }
        official.keySet().removeAll(untrained);
        assertThat(ours).isEqualTo(official);
    }

    @Test
    void theHeadlineModelHasThePublishedNumberOfParameters() {
        ModelSettings headline = new ModelSettings(50_265, 768, 12, 4, 6, 6, 6, 6, 514, 288, 32, 768, 12, 11, 0.1);
        long trained = headline.parameterCount(SmallModel.FLM.parts());
        assertThat(headline.imageTokens()).isEqualTo(82);
        long poolers = 4 * (768 * 768 + 768); // of the official model; pretraining does not reach them
        assertThat(trained + poolers).isEqualTo(346_478_169);
    }

    @Test
    void theLeftToRightObjectiveHasNoReconstructor() {
        assertThat(arguments(TINY, SmallModel.AR))
                .noneMatch(unit -> unit.key().contains("fusion_layers"))
                .anyMatch(unit -> unit.key().startsWith("lm_score."));
        assertThat(arguments(TINY, SmallModel.MLM))
                .noneMatch(unit -> unit.key().startsWith("lm_score."))
                .anyMatch(unit -> unit.key().startsWith("mlm_score."));
    }

    @Test
    void sizesThatDoNotDivideAreRefusedByName() {
        assertThatThrownBy(() -> new ModelSettings(120, 30, 4, 4, 2, 2, 2, 2, 40, 48, 16, 32, 4, 2, 0))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.model.hidden = 30")
                .hasMessageContaining("flm.model.heads = 4");
        assertThatThrownBy(() -> new ModelSettings(120, 32, 4, 4, 2, 2, 2, 2, 40, 50, 16, 32, 4, 2, 0))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.model.image-size = 50");
        assertThatThrownBy(() -> new ModelSettings(120, 32, 4, 4, 2, 2, 3, 2, 40, 48, 16, 32, 4, 2, 0))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.model.reconstructor-bottom-layers = 3");
    }
}
