// Asks a gate as Flagger does: with Flagger's own code, by the part of a Canary's manifest that it reads from its
// standard input. Prints for each webhook whether the canary goes on, and else what halts it.
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	flagger "github.com/fluxcd/flagger/pkg/apis/flagger/v1beta1"
	"github.com/fluxcd/flagger/pkg/controller"
	"sigs.k8s.io/yaml"
)

func main() {
	log.SetFlags(0)
	document, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	var canary flagger.Canary
	if err := yaml.UnmarshalStrict(document, &canary.Spec); err != nil {
		log.Fatal(err)
	}
	for _, webhook := range canary.Spec.Analysis.Webhooks {
		if err := controller.CallWebhook(canary, flagger.CanaryPhaseProgressing, webhook); err != nil {
			fmt.Println("halted:", err)
		} else {
			fmt.Println("goes on")
		}
	}
}
