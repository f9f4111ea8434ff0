import { savePictures } from '../../lab/dashboard/save-pictures.ts';
import { showSamplePage } from './picture.ts';

await savePictures(async () => ({ 'run-report.png': (await showSamplePage()).light }));
