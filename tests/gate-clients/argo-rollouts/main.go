// Asks a gate as Argo Rollouts does: with Argo's own code, by the manifest that it reads from its standard input.
//
// What Kubernetes itself is to read is decoded strictly first, with Kubernetes' own types. Prints the phase of each
// metric: Successful, Failed or Inconclusive.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/argoproj/argo-rollouts/metricproviders/webmetric"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/sirupsen/logrus"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	log.SetFlags(0)
	documents, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	for _, document := range strings.Split(string(documents), "\n---\n") {
		switch {
		case strings.Contains(document, "kind: AnalysisTemplate"):
			var template v1alpha1.AnalysisTemplate
			decode(document, &template)
			for _, metric := range template.Spec.Metrics {
				fmt.Println(phase(metric))
			}
		case strings.Contains(document, "kind: Job"):
			decode(document, &batch.Job{})
		default:
			decode(document, &core.Container{})
		}
	}
}

func decode(document string, into any) {
	if err := yaml.UnmarshalStrict([]byte(document), into); err != nil {
		log.Fatalf("%v in\n%s", err, document)
	}
}

func phase(metric v1alpha1.Metric) v1alpha1.AnalysisPhase {
	client, err := webmetric.NewWebMetricHttpClient(metric)
	if err != nil {
		log.Fatal(err)
	}
	parser, err := webmetric.NewWebMetricJsonParser(metric)
	if err != nil {
		log.Fatal(err)
	}
	provider := webmetric.NewWebMetricProvider(*logrus.NewEntry(logrus.New()), client, parser)
	measurement := provider.Run(&v1alpha1.AnalysisRun{}, metric)
	if measurement.Message != "" {
		log.Fatal(measurement.Message)
	}
	return measurement.Phase
}
