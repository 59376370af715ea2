/**
 * A trained model as other programs read it: {@code flm export}.
 *
 * <p>Read {@link io.flm.launch.export.Export} first: what is exported, and of which files each format consists. {@code ExportFolder}
 * lets a folder appear whole or not at all; {@code ModelConfig} says in {@code config.json} what {@code deploy/python} needs to know;
 * {@code ModelCard} and {@code OfficialCard} are for people.
 */
@NullMarked
package io.flm.launch.export;

import org.jspecify.annotations.NullMarked;
